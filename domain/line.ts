/** What somebody wrote for one line, trimmed; null when it is empty, longer than `most` characters, or no line. */
export function oneLine(text: string, most: number): string | null {
  const trimmed = text.trim();
  return trimmed === '' || trimmed.length > most || /\p{Cc}/u.test(trimmed) ? null : trimmed;
}
