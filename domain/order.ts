/** Sorts references the same way on every machine; `localeCompare` would follow the worker's language. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
