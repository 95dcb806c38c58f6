import { resolve } from 'node:path';

/**
 * The folder that holds everything an installation keeps by itself: KEEPWELL_HOME, or `.keepwell` beside package.json.
 */
export function homeFolder(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env['KEEPWELL_HOME'] || resolve(__dirname, '..', '.keepwell'));
}
