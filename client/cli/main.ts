import { Command, CommanderError } from 'commander';
import { addApi } from './api.js';
import { addBank } from './bank.js';
import { addBranch } from './branch.js';
import { addCampaign } from './campaign.js';
import { addCatalogue } from './catalogue.js';
import { addComplaint } from './complaint.js';
import { addContact } from './contact.js';
import { addCourse } from './course.js';
import { addCustomer } from './customer.js';
import { addDetect } from './detect.js';
import { addDoctor } from './doctor.js';
import { addEntitlement } from './entitlement.js';
import { addEvent } from './event.js';
import { addExclusion } from './exclusion.js';
import { addImport } from './import.js';
import { addJourney } from './journey.js';
import { addLedger } from './ledger.js';
import { addManager } from './manager.js';
import { addOffer } from './offer.js';
import { toJson, WrongUsage } from './output.js';
import { addPlan } from './plan.js';
import { addOutbound } from './outbound.js';
import { addPoints } from './points.js';
import { addPrepare } from './prepare.js';
import { addProduct } from './product.js';
import { addOrder } from './redemption.js';
import { addSchedule } from './schedule.js';
import { addTask } from './task.js';

// Every noun is a file that adds its commands. What takes time to load (Postgres, Temporal) is imported by the command
// that needs it, so that help comes at once.

const EXAMPLES = `
Examples:
  $ keepwell doctor
  $ keepwell journey list --state open
  $ keepwell customer show c42 --json

Exit code: 0 done, 1 failed, 2 wrong usage.`;

/** The whole command line; nothing runs until it is parsed. */
export function createProgram(): Command {
  const program = new Command('keepwell')
    .description("Keeps a bank's customers from being downgraded: what staff ask and do.")
    .option('--json', 'answer with one JSON document, for programs')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(add --help for what is possible)')
    .exitOverride();
  const nouns = [
    addCampaign,
    addDetect,
    addCustomer,
    addJourney,
    addComplaint,
    addContact,
    addOutbound,
    addPlan,
    addPoints,
    addLedger,
  ];
  const house = [addSchedule, addBank, addImport, addDoctor, addPrepare];
  const loyalty = [addOffer, addEntitlement, addApi, addCatalogue, addOrder, addProduct];
  const education = [addCourse, addEvent];
  const staff = [addExclusion, addTask, addManager, addBranch];
  for (const add of [...nouns, ...staff, ...loyalty, ...education, ...house]) add(program);
  return program;
}

/** Runs one command line and gives its exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    // commander has already told what is wrong, or printed the help that was asked for
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { inWords } = await import('./words.js');
    const words = inWords(error);
    process.stderr.write(`keepwell: ${words}\n`);
    if (process.env['KEEPWELL_LOG_LEVEL'] === 'debug' && error instanceof Error)
      process.stderr.write(`${error.stack}\n`);
    if (argv.includes('--json')) process.stdout.write(`${toJson({ error: words })}\n`);
    return error instanceof WrongUsage ? 2 : 1;
  }
}

if (require.main === module)
  void run(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
