require('tsx/cjs');

module.exports = require('./teardown.ts').default;
