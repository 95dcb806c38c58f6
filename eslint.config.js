const js = require('@eslint/js');
const boundaries = require('eslint-plugin-boundaries');
const tseslint = require('typescript-eslint');

/**
 * The import table of the house. `rooms` may be imported as they are, `types` as types only; `why` is read by the person
 * who tried. The table that the design began with was amended where it turned out too narrow:
 *  - `bank` is a room of its own: how a bank's data comes in. The CLI may import it, the pages may not.
 *  - `contract` is workflows/contract.ts and its folder: ids, names and shapes without behaviour. Whoever starts or asks a
 *    workflow has it (client, activities, workers); the workflows themselves are imported by nobody but workers and
 *    rehearsal.
 *  - activities, workers and embedded read config (addresses, Temporal's connection); embedded migrates its database
 *    through the store.
 *  - `demo` is a room of its own: surroundings, actors and the counting of invariants. Nobody imports it.
 *  - `trial` is a room of its own: what a campaign would do and say to one customer, shown and taken back. The CLI may
 *    import it; it needs the activities' own letters, which the CLI may not.
 *  - config may name the types of domain, for instance a business clock, and nothing else of ours.
 */
const ROOMS = {
  domain: { rooms: [], why: "the bank's rules stand alone: hand in what they need as an argument" },
  contract: { rooms: ['domain'], why: 'the contract has names and shapes only' },
  workflows: {
    rooms: ['domain', 'contract'],
    types: ['activities'],
    why: 'a workflow is replayed: it knows activities by their types and calls them through a proxy',
  },
  activities: { rooms: ['domain', 'store', 'config', 'contract'], why: 'an activity touches one outside thing' },
  store: { rooms: ['domain'], why: 'what is remembered knows nobody who asks' },
  bank: { rooms: ['domain', 'store', 'config', 'activities'], why: 'data that comes in ends in the store' },
  trial: {
    rooms: ['domain', 'store', 'config', 'activities'],
    why: 'a trial does what activities do, and nothing of it stays',
  },
  client: { rooms: ['domain', 'contract', 'store', 'config'], why: 'one who asks does no work: start it by its name' },
  cli: {
    rooms: ['domain', 'contract', 'store', 'config', 'client', 'bank', 'trial'],
    why: 'one who asks does no work: start it by its name',
  },
  workers: {
    rooms: ['domain', 'contract', 'workflows', 'activities', 'store', 'bank', 'config', 'embedded', 'rehearsal'],
    why: 'a worker works and never asks',
  },
  rehearsal: { rooms: ['domain', 'contract', 'workflows'], why: 'a rehearsal must not touch the world' },
  embedded: { rooms: ['config', 'store'], why: 'the surroundings are there before the bank is' },
  demo: {
    rooms: ['domain', 'contract', 'store', 'bank', 'config', 'embedded', 'client', 'cli', 'activities'],
    why: 'the demo is outside: it runs workers as processes and does what customers and staff do',
  },
  config: { rooms: [], types: ['domain'], why: 'settings are read before anything of ours is there' },
};

const allowedInWords = ({ rooms, types = [] }) =>
  [...rooms, ...types.map((room) => `types of ${room}`)].join(', ') || 'nothing of ours';

const isIn = (rooms) => ({ file: { categories: rooms } });

/** Nothing of ours is allowed, with the room's message, and then what the table allows. The last match decides. */
const wall = ([room, { rooms, types = [], why }]) => [
  {
    from: isIn(room),
    disallow: { to: isIn('*') },
    message: `${room} must not import {{to.file.categories}}: it may import ${allowedInWords(ROOMS[room])} (${why})`,
  },
  { from: isIn(room), allow: { to: isIn([room, ...rooms]) } },
  ...types.map((type) => ({ from: isIn(room), allow: { to: isIn(type), dependency: { kind: 'type' } } })),
];

const NO_IO = ['domain', 'contract', 'workflows'].map((room) => ({
  from: isIn(room),
  disallow: { to: { module: { origin: 'core' } } },
  message: `${room} must not import {{to.module.source}}: it does no I/O, what it needs comes in as an argument`,
}));

/** Which files belong to which room: the folder of its name, but for the two rooms that lie inside another. */
const PLACES = {
  ...Object.fromEntries([...Object.keys(ROOMS), 'test'].map((room) => [room, `${room}/**/*`])),
  contract: ['workflows/contract.ts', 'workflows/contract/*.ts'],
  workflows: 'workflows/!(contract).ts',
  cli: 'client/cli/**/*',
  client: ['client/*.ts', 'client/!(cli)/**/*'],
};

const walls = {
  plugins: { boundaries },
  settings: {
    'import/resolver': { typescript: { alwaysTryTypes: true, project: './tsconfig.json' } },
    'boundaries/root-path': __dirname,
    'boundaries/dependency-nodes': ['import', 'dynamic-import', 'require', 'export'],
    'boundaries/files': Object.entries(PLACES).map(([category, pattern]) => ({ category, pattern })),
  },
  rules: {
    'boundaries/no-unknown-files': 'error',
    'boundaries/dependencies': [
      'error',
      { default: 'allow', checkAllOrigins: true, policies: [...Object.entries(ROOMS).flatMap(wall), ...NO_IO] },
    ],
  },
};

const house = {
  rules: {
    '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    '@typescript-eslint/no-explicit-any': 'error',
    '@typescript-eslint/no-floating-promises': 'error',
    // a default is an answer too
    '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    // a method that an interface declares as asynchronous need not wait for anything
    '@typescript-eslint/require-await': 'off',
    '@typescript-eslint/no-unused-vars': [
      'error',
      { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
    ],
    eqeqeq: ['error', 'always', { null: 'ignore' }],
    'no-console': 'error',
    'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
    'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
  },
};

module.exports = tseslint.config(
  { ignores: ['node_modules/', '.keepwell/', 'coverage/', 'dist/', 'test/replay/histories/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked, walls, house],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: __dirname } },
  },
  { files: ['client/cli/**', 'embedded/**', 'demo/**'], rules: { 'no-console': 'off' } },
  { files: ['test/**'], rules: { 'max-lines-per-function': 'off', 'max-lines': 'off', 'no-console': 'off' } },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'console',
          'process',
          'Buffer',
          'URL',
          'fetch',
          'setTimeout',
          'clearTimeout',
          'AbortController',
          'AbortSignal',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { module: 'writable', require: 'readonly', __dirname: 'readonly', exports: 'writable' },
    },
  },
);
