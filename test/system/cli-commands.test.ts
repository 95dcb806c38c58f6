import type { Command } from 'commander';
import { createProgram } from '../../client/cli/main.js';

/** Every command that does something, by its words. */
function commands(command: Command, words: string[] = []): [string, Command][] {
  if (command.commands.length === 0) return [[words.join(' '), command]];
  return command.commands.flatMap((child) => commands(child, [...words, child.name()]));
}

const all = commands(createProgram());

test('the commands are those that the README names', () => {
  expect(all.map(([words]) => words).sort()).toEqual([
    'api token create',
    'bank generate',
    'campaign approve',
    'campaign list',
    'campaign publish',
    'campaign show',
    'campaign validate',
    'catalogue list',
    'catalogue publish',
    'catalogue validate',
    'complaint assign',
    'complaint list',
    'complaint resolve',
    'customer show',
    'customer verify',
    'detect',
    'doctor',
    'entitlement evaluate',
    'entitlement list',
    'import berka',
    'journey list',
    'journey show',
    'journey start',
    'journey withdraw',
    'ledger export',
    'ledger reverse',
    'ledger show',
    'ledger verify',
    'offer list',
    'offer publish',
    'offer show',
    'offer validate',
    'order cancel',
    'order list',
    'order place',
    'order show',
    'points balance',
    'points breakage',
    'points budget',
    'points cost',
    'points earn',
    'points expire',
    'points goodwill',
    'points liability',
    'points programme approve',
    'points programme publish',
    'points programme show',
    'points programme validate',
    'points statement',
    'prepare',
    'schedule list',
    'schedule pause',
    'schedule resume',
    'schedule run',
  ]);
});

test.each(all)('%s has a description and an example that names it', (words, command) => {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  expect(command.description()).not.toBe('');
  expect(help).toMatch(new RegExp(`Example:\n {2}\\$ .*keepwell ${words}`));
});
