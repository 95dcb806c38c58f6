/**
 * What every npm script calls: `node embedded/bootstrap.mjs COMMAND [args]`.
 *
 * It installs what is missing and then runs the real program. It must run on a clone that has no packages yet, so it
 * is plain JavaScript without dependencies. Everything it says goes to stderr: stdout belongs to the program
 * (`--json` promises one document there).
 */
import { checkNode, explain } from './bootstrap/checks.mjs';

const root = new URL('..', import.meta.url);

async function main() {
  checkNode(process.versions.node);
  const { ensurePackages } = await import('./bootstrap/packages.mjs');
  const { ensureTemporalCli, ensureTestServer } = await import('./bootstrap/binaries.mjs');
  const { runNode, runTests } = await import('./bootstrap/run.mjs');

  const [command, ...args] = process.argv.slice(2);
  const program = {
    start: 'embedded/start.ts',
    demo: 'demo/main.ts',
    keepwell: 'client/cli/main.ts',
    bench: 'test/bench/main.ts',
  }[command];
  if (program === undefined && command !== 'test') {
    explain(`"${command ?? ''}" is not a command of this script; use start, test, demo, bench or keepwell.`);
    return 2;
  }

  await ensurePackages(root);
  const env = { ...process.env };
  // The operator's command only talks to what runs already, so it never waits for a download; nor does a start that
  // was given a Temporal of the person's own.
  const ownTemporal = command === 'start' && Boolean(env.TEMPORAL_ADDRESS);
  const withoutTemporal = command === 'keepwell' || command === 'bench';
  if (!withoutTemporal && !ownTemporal) env.KEEPWELL_TEMPORAL_CLI = await ensureTemporalCli();
  if (command === 'test') {
    env.KEEPWELL_TEMPORAL_TEST_SERVER = await ensureTestServer();
    return runTests(root, args, env);
  }
  return runNode(root, ['--import', 'tsx', program, ...args], env);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    explain(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
