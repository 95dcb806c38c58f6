// Jest resolves a set-up file without its own module mapping, so `./x.js` imports need tsx here.
require('tsx/cjs');

module.exports = require('./global.ts').default;
