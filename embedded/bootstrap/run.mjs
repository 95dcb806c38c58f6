import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The steps of `npm test`, in order: what is wrong in a second is told before what takes a minute. */
const TEST_STEPS = [
  { heading: 'types', program: 'node_modules/typescript/bin/tsc', args: ['--noEmit'] },
  { heading: 'lint', program: 'node_modules/eslint/bin/eslint.js', args: ['.'] },
  {
    heading: 'formatting',
    program: 'node_modules/prettier/bin/prettier.cjs',
    args: ['--check', '--log-level', 'warn', '.'],
  },
  { heading: 'tests', program: 'node_modules/jest/bin/jest.js', args: [] },
];

/**
 * Runs node with the person's own terminal and gives its exit code (128 + signal number if one ended it).
 * @param {URL} root working folder
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
export async function runNode(root, args, env) {
  const child = spawn(process.execPath, args, { cwd: fileURLToPath(root), env, stdio: 'inherit' });
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  // A terminal gives Ctrl-C to the child as well: passing it on would look like a second, impatient one.
  const interrupt = () => onTerminal || child.kill('SIGINT');
  const terminate = () => child.kill('SIGTERM');
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', terminate);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
    });
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', terminate);
  }
}

/**
 * `npm test`: all steps, or jest alone when arguments for it are given (`npm test -- test/domain`).
 * Where KEEPWELL_TEST_SUMMARY names a file, jest's result is left there as JSON.
 * @param {URL} root
 * @param {string[]} jestArgs
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} 0, or 1 when any step failed
 */
export async function runTests(root, jestArgs, env) {
  const summary = env.KEEPWELL_TEST_SUMMARY ? ['--json', `--outputFile=${env.KEEPWELL_TEST_SUMMARY}`] : [];
  const steps = jestArgs.length > 0 ? TEST_STEPS.filter(({ heading }) => heading === 'tests') : TEST_STEPS;
  const failed = [];
  for (const { heading, program, args } of steps) {
    const began = Date.now();
    process.stdout.write(`\n== ${heading}\n`);
    const more = heading === 'tests' ? [...summary, ...jestArgs] : [];
    const code = await runNode(root, [program, ...args, ...more], env);
    if (code > 128) return code;
    if (code !== 0) failed.push(heading);
    process.stdout.write(`== ${heading}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds(Date.now() - began)}\n`);
  }
  if (failed.length > 0) process.stdout.write(`\nFailed: ${failed.join(', ')}.\n`);
  return failed.length > 0 ? 1 : 0;
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
