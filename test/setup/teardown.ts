import './postgres.js';

export default async function globalTeardown(): Promise<void> {
  await globalThis.keepwellTestPostgres?.stop();
}
