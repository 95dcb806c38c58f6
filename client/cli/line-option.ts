import { oneLine } from '../../domain/line.js';
import { WrongUsage } from './output.js';

/** Characters of a name by which somebody is kept in the record. */
const MAX_BY_CHARACTERS = 100;

/** The text of an option that is one line of 1 to `most` characters, without space around it. @throws WrongUsage */
export function lineOf(text: string, option: string, most: number): string {
  const line = oneLine(text, most);
  if (line === null) throw new WrongUsage(`${option} is a line of 1 to ${most} characters.`);
  return line;
}

/** Who does it: what `--by` says, or else the user of this terminal. @throws WrongUsage */
export async function byOption(given: string | undefined): Promise<string> {
  const { userInfo } = await import('node:os');
  return lineOf(given ?? userInfo().username, '--by', MAX_BY_CHARACTERS);
}
