/** The oldest Node that Keepwell is tried on: `--import`, `fs.statfs` and stable `util.styleText` need it. */
const OLDEST_NODE = [20, 10];

/**
 * Refuses a Node that is too old.
 * @param {string} version such as "20.20.2"
 * @throws Error with a sentence that says what to install
 */
export function checkNode(version) {
  const [major, minor] = version.split('.').map(Number);
  const tooOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  if (tooOld) {
    throw new Error(
      `Keepwell needs Node ${OLDEST_NODE.join('.')} or newer and this is ${version}; install a newer Node.`,
    );
  }
}

/**
 * Tells the person something, on stderr.
 * @param {string} sentence
 */
export function explain(sentence) {
  process.stderr.write(`keepwell: ${sentence}\n`);
}

/**
 * Whether a process of that id runs, whoever owns it.
 * @param {number} pid
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
