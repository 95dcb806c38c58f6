import { randomBytes } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EmbeddedError, homePaths, writePrivately } from './home.js';

const schema = z.object({ postgresPassword: z.string(), payloadKeys: z.string(), linkSecret: z.string() });

/** The secrets of an installation that were made by Keepwell itself. */
export type Keys = z.infer<typeof schema>;

const SECRET_BYTES = 32;
const PASSWORD_BYTES = 18;

/**
 * The home's secrets, made the first time and kept in keys.json (mode 600).
 * @throws EmbeddedError when the file is damaged, or missing though data that needs it exist: new keys would make
 * the old data unreadable for good
 */
export async function homeKeys(home: string): Promise<Keys> {
  const paths = homePaths(home);
  const text = await readFile(paths.keys, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new EmbeddedError(`${paths.keys} can't be read (${error.message}); run Keepwell as the user who owns it.`);
  });
  if (text !== null) return parse(text, paths.keys);
  if (await hasData(home)) {
    throw new EmbeddedError(
      `${paths.keys} is missing but ${home} holds data that only its keys open; bring it back from a backup, ` +
        'or set KEEPWELL_HOME to another folder to begin anew.',
    );
  }
  const keys: Keys = {
    postgresPassword: randomBytes(PASSWORD_BYTES).toString('base64url'),
    payloadKeys: `k1:${randomBytes(SECRET_BYTES).toString('base64')}`,
    linkSecret: randomBytes(SECRET_BYTES).toString('base64'),
  };
  await writePrivately(paths.keys, `${JSON.stringify(keys, null, 2)}\n`);
  return keys;
}

function parse(text: string, path: string): Keys {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new EmbeddedError(`${path} is damaged; bring it back from a backup: the data can't be opened without it.`);
  }
}

async function hasData(home: string): Promise<boolean> {
  const paths = homePaths(home);
  const signs = [join(paths.postgres, 'PG_VERSION'), paths.postgresLocation, join(paths.temporal, 'temporal.db')];
  const found = await Promise.all(
    signs.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
