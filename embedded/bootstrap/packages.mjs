import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { explain } from './checks.mjs';
import { oneAtATime } from './one-at-a-time.mjs';

const STDERR = 2;

/**
 * Makes `node_modules` match `package-lock.json`: at once when the stamp in it names this lock, else by `npm ci`.
 * @param {URL} root the folder of package.json
 * @throws Error when npm fails
 */
export async function ensurePackages(root) {
  const lockText = await readFile(new URL('package-lock.json', root));
  const wanted = createHash('sha256').update(lockText).digest('hex');
  const stamp = new URL('node_modules/.keepwell-lock', root);
  const isStamped = async () => (await readFile(stamp, 'utf8').catch(() => '')).trim() === wanted;
  if (await isStamped()) return;

  const folderName = createHash('sha256').update(fileURLToPath(root)).digest('hex').slice(0, 16);
  await oneAtATime(`packages-${folderName}`, async () => {
    if (await isStamped()) return;
    if (!(await isInstalled(root, lockText))) await install(root);
    await writeFile(stamp, `${wanted}\n`);
  });
}

/** Whether somebody already ran `npm ci` or `npm install` for this very lock: npm leaves a list of what it installed. */
async function isInstalled(root, lockText) {
  const list = await readFile(new URL('node_modules/.package-lock.json', root), 'utf8').catch(() => null);
  if (list === null) return false;
  const wanted = JSON.parse(lockText.toString()).packages;
  const present = JSON.parse(list).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    // The first entry is this project; optional packages are there only on the platform they are for.
    if (path === '') return true;
    return present[path] === undefined ? optional === true : present[path].version === version;
  });
}

async function install(root) {
  explain('installing packages from package-lock.json (npm ci); the first time takes about a minute…');
  const began = Date.now();
  // Under `npm start` this is the same npm; without it, the one on PATH.
  const npm = process.env.npm_execpath;
  const [program, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const args = [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--no-progress'];
  const child = spawn(program, args, { cwd: fileURLToPath(root), stdio: ['ignore', STDERR, STDERR] });
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve('npm was not found'));
    child.once('exit', (status, signal) => resolve(signal ?? status));
  });
  if (code !== 0) {
    throw new Error(`npm ci failed (${code}), see above; check the network and the npm registry, then run this again.`);
  }
  explain(`packages installed in ${Math.round((Date.now() - began) / 1000)} s.`);
}
