import fc from 'fast-check';
import { canonicalJson, type Json } from '../../domain/canonical-json.js';

const backwards = (value: Json): Json => {
  if (Array.isArray(value)) return value.map((item: Json) => backwards(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, backwards(item)] as const)
      .reverse(),
  );
};

const json = fc.jsonValue({ stringUnit: 'grapheme' }).filter((value) => !JSON.stringify(value).includes('__proto__'));

test('the order of keys makes no difference, and the text says the value', () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value as Json);
      expect(canonicalJson(backwards(value as Json))).toBe(text);
      // JSON knows no negative zero
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('the example of RFC 8785', () => {
  const value = {
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test('keys are sorted by UTF-16 units', () => {
  expect(
    canonicalJson({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 }),
  ).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
});

test.each([[1n], [{ points: 1n }], [Number.NaN], [undefined], [{ a: undefined }], [new Date(0)], ['\ud800']])(
  'what JSON cannot say is refused: %p',
  (value) => {
    expect(() => canonicalJson(value as Json)).toThrow(TypeError);
  },
);
