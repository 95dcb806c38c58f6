import type { Command } from 'commander';
import { loaded, migrated } from './bank.js';
import { withDesk } from './context.js';
import { dayOption } from './detect.js';
import { does, progressBar, type Answer } from './output.js';

/** `import berka` */
export function addImport(program: Command): void {
  const load = program.command('import').description("loads a bank's data from files");
  does<{ asOf?: string }>(
    load
      .command('berka')
      .argument('<folder>', "holds the PKDD'99 bank: account, client, disp, district and trans as .csv.gz")
      .option('--as-of <day>', 'the last day of the data, YYYY-MM-DD (default: that of the last transaction)')
      .description("the PKDD'99 bank, in one transaction; a second time changes nothing")
      .addHelpText('after', '\nExample:\n  $ keepwell import berka data/berka'),
    ([folder = ''], options) => berka(folder, options.asOf),
  );
}

async function berka(directory: string, day: string | undefined): Promise<Answer> {
  const asOf = day === undefined ? undefined : await dayOption(day);
  return withDesk('owner', async ({ database }) => {
    await migrated(database);
    const { importBerka } = await import('../../bank/berka.js');
    const { readInstallation } = await import('../../store/installation.js');
    const bars = new Map<string, ReturnType<typeof progressBar>>();
    const result = await importBerka({
      owner: database,
      directory,
      ...(asOf === undefined ? {} : { asOf }),
      onProgress: ({ file, bytesRead, bytesTotal }) => {
        const draw = bars.get(file) ?? progressBar(file);
        bars.set(file, draw);
        draw(bytesRead, bytesTotal);
      },
    });
    const until = (await readInstallation(database))?.dataUntil ?? 'no day';
    const later = `${result.notYetCustomers} people are not customers yet on that day.`;
    return { data: { ...result, until }, text: () => `${loaded("The PKDD'99 bank", result, until)} ${later}` };
  });
}
