import type { Command } from 'commander';
import { does, type Answer } from './output.js';

/** `doctor` */
export function addDoctor(program: Command): void {
  does(
    program
      .command('doctor')
      .description('looks at everything that Keepwell needs, and says what to do where something is missing')
      .addHelpText('after', '\nExample:\n  $ keepwell doctor || echo "something is wrong"'),
    () => doctor(),
  );
}

async function doctor(): Promise<Answer> {
  const { examine } = await import('../health.js');
  const findings = await examine();
  const failed = findings.some(({ ok }) => !ok);
  const width = Math.max(...findings.map(({ part }) => part.length));
  const { styleText } = await import('node:util');
  const mark = (ok: boolean): string => {
    const word = ok ? 'ok    ' : 'failed';
    return process.stdout.isTTY && !process.env['NO_COLOR'] ? styleText(ok ? 'green' : 'red', word) : word;
  };
  const text = (): string =>
    findings.map(({ part, ok, words }) => `${mark(ok)}  ${part.padEnd(width)}  ${words}`).join('\n');
  return { data: { ok: !failed, findings }, text, failed };
}
