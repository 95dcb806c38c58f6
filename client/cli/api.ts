import type { Command } from 'commander';
import { does, facts, WrongUsage, type Answer } from './output.js';

/** `api token create` */
export function addApi(program: Command): void {
  const token = program
    .command('api')
    .description("what the bank's other systems ask Keepwell")
    .command('token')
    .description('what lets a system in');
  does(
    token
      .command('create')
      .argument('<name>', 'the system that asks, in lower case with dashes')
      .description('makes a token and prints it once, with the entry to configure; needs nothing that runs')
      .addHelpText('after', '\nExample:\n  $ keepwell api token create lending'),
    ([name = '']) => create(name),
  );
}

async function create(name: string): Promise<Answer> {
  const { API_TOKENS_VARIABLE, createApiToken } = await import('../../config/api-tokens.js');
  const { token, entry } = made(() => createApiToken(name));
  const words = [
    facts([
      ['token', token],
      ['entry', entry],
    ]),
    `The token is shown this once: give it to ${name}. Add the entry to ${API_TOKENS_VARIABLE} (joined by commas) and`,
    'restart; an entry that is taken out shuts its system out at the next restart.',
  ];
  return { data: { name, token, entry, variable: API_TOKENS_VARIABLE }, text: () => words.join('\n') };
}

function made<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    throw new WrongUsage((error as Error).message);
  }
}
