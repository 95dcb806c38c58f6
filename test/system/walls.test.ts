import { join } from 'node:path';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ESLint, type Linter } from 'eslint';
import tseslint from 'typescript-eslint';

// the linter itself would load its configuration by import(), which jest's sandbox refuses
const house = createRequire(__filename)('../../eslint.config.js') as Linter.Config[];

const root = join(__dirname, '..', '..');
let linter: ESLint;

beforeAll(() => {
  linter = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    baseConfig: house,
    // the snippets are no files of the project, so the rules that ask for types are left out
    overrideConfig: [
      { ...tseslint.configs.disableTypeChecked, files: ['**/*.ts'] },
      { files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false } } },
    ],
  });
});

/** What the linter says about the walls when `code` stands in `filePath`. */
async function complaints(filePath: string, code: string): Promise<string[]> {
  const results = await linter.lintText(`${code}\n`, { filePath: join(root, filePath) });
  const messages = results.flatMap((result) => result.messages);
  return messages.filter(({ ruleId }) => ruleId?.startsWith('boundaries/') || ruleId === null).map((m) => m.message);
}

describe('a wall', () => {
  test.each([
    [
      'domain/snippet.ts',
      "export { one } from '../store/database.js';",
      /^domain must not import store: it may import nothing of ours/,
    ],
    [
      'domain/snippet.ts',
      "import { readFile } from 'node:fs';\nvoid readFile;",
      /^domain must not import (node:)?fs: it does no I\/O/,
    ],
    ['store/snippet.ts', "import '../config/log.js';", /^store must not import config: it may import domain \(/],
    [
      'client/snippet.ts',
      "import '../workflows/index.js';",
      /^client must not import workflows: .*start it by its name/,
    ],
    ['client/web/snippet.ts', "import '../cli/main.js';", /^client must not import cli/],
    ['client/cli/snippet.ts', "import '../../embedded/home.js';", /^cli must not import embedded/],
    ['client/web/snippet.ts', "import '../../trial/preview.js';", /^client must not import trial/],
    ['client/cli/snippet.ts', "import '../../activities/mail.js';", /^cli must not import activities/],
    ['client/cli/snippet.ts', "void import('../../embedded/home.js');", /^cli must not import embedded/],
    [
      'config/snippet.ts',
      "import '../domain/business-clock.js';",
      /^config must not import domain: it may import types of domain/,
    ],
    ['embedded/snippet.ts', "import '../domain/types.js';", /^embedded must not import domain/],
    ['store/snippet.ts', "import '../test/setup/database.js';", /^store must not import test/],
  ])('%s: %s', async (file, code, message) => {
    expect(await complaints(file, code)).toEqual([expect.stringMatching(message)]);
  });

  test('a workflow knows activities by their types only', async () => {
    // a wall stands before a file that is there: any one will do
    const some = readdirSync(join(root, 'activities')).find((name) => name.endsWith('.ts')) ?? '';
    const activity = `../activities/${some.replace(/ts$/, 'js')}`;
    expect(await complaints('workflows/snippet.ts', `import { create } from '${activity}';\nvoid create;`)).toEqual([
      expect.stringMatching(/^workflows must not import activities: .*types of activities.*through a proxy/),
    ]);
    expect(
      await complaints(
        'workflows/snippet.ts',
        `import type { Activities } from '${activity}';\nexport type A = Activities;`,
      ),
    ).toEqual([]);
  });

  test('a folder of code that is no room is refused', async () => {
    expect(await complaints('utils/snippet.ts', 'export const one = 1;')).toHaveLength(1);
  });
});

test.each([
  ['client/snippet.ts', "import '../workflows/contract.js';"],
  ['activities/snippet.ts', "import '../config/temporal.js';"],
  ['client/cli/snippet.ts', "import '../../trial/preview.js';"],
  ['trial/snippet.ts', "import '../activities/mail.js';"],
  [
    'config/snippet.ts',
    "import type { BusinessClock } from '../domain/business-clock.js';\nexport type C = BusinessClock;",
  ],
  ['workers/snippet.ts', "import '../store/database.js';"],
  ['store/snippet.ts', "import { plainDate } from '../domain/types.js';\nvoid plainDate;"],
  ['test/system/snippet.ts', "import '../../client/cli/main.js';"],
])('the table allows %s: %s', async (file, code) => {
  expect(await complaints(file, code)).toEqual([]);
});
