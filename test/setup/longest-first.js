const { statSync } = require('node:fs');

/** The demo is as long as its days: begun last, it would run alone while the other worker has nothing to do. */
const FIRST = /system\/demo\.test\.ts$/;

/** Which test file is run when: the long ones first. Jest asks for these four methods. */
module.exports = class LongestFirst {
  sort(tests) {
    const weight = ({ path }) => (FIRST.test(path) ? Infinity : statSync(path).size);
    const weighed = new Map(tests.map((test) => [test, weight(test)]));
    return [...tests].sort((a, b) => (weighed.get(a) > weighed.get(b) ? -1 : 1));
  }

  allFailedTests(tests) {
    return tests;
  }

  shard(tests, { shardIndex, shardCount }) {
    return tests.filter((_test, index) => index % shardCount === shardIndex - 1);
  }

  cacheResults() {}
};
