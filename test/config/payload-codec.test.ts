import { METADATA_ENCODING_KEY, ValueError, type Payload, type PayloadCodec } from '@temporalio/common';
import fc from 'fast-check';
import { createPayloadCodec } from '../../config/payload-codec.js';

const key = (id: string, fill: number): string => `${id}:${Buffer.alloc(32, fill).toString('base64')}`;
const OLD = key('2025', 1);
const NEW = key('2026', 2);

/** What a workflow is told, as Temporal's converter writes it. */
const payload = (data: string): Payload => ({
  metadata: { [METADATA_ENCODING_KEY]: Buffer.from('json/plain') },
  data: Buffer.from(data),
});
const WORDS = JSON.stringify({ customer: 'canna', words: 'Nobody calls me back.' });

async function seal(codec: PayloadCodec, ...payloads: Payload[]): Promise<Payload[]> {
  return codec.encode(payloads);
}
async function sealed(codec: PayloadCodec, words = WORDS): Promise<Payload & { data: Uint8Array }> {
  const [one] = await codec.encode([payload(words)]);
  return { ...one, data: Buffer.from(one?.data ?? []) };
}
async function opened(codec: PayloadCodec, ...payloads: Payload[]): Promise<string[]> {
  return (await codec.decode(payloads)).map(({ data }) => Buffer.from(data ?? []).toString());
}
const metadata = ({ metadata: all }: Payload, name: string): string => Buffer.from(all?.[name] ?? []).toString();

test('what was sealed opens again, with its metadata, in its order', async () => {
  const codec = createPayloadCodec(NEW);
  const three = await seal(codec, payload('"one"'), payload('"two"'), { metadata: {}, data: Buffer.alloc(0) });
  expect(await opened(codec, ...three)).toEqual(['"one"', '"two"', '']);
  const [first] = await codec.decode(three);
  expect(metadata(first ?? {}, METADATA_ENCODING_KEY)).toBe('json/plain');
  expect(await codec.encode([])).toEqual([]);
});

test('whatever bytes and metadata a payload has come back as they were', async () => {
  const codec = createPayloadCodec(NEW);
  const bytes = fc.uint8Array({ maxLength: 200 });
  // an encoding "binary/encrypted" in the plain payload is no way round the seal
  const names = fc.oneof(fc.string(), fc.constant(METADATA_ENCODING_KEY));
  const values = fc.oneof(bytes, fc.constant(new Uint8Array(Buffer.from('binary/encrypted'))));
  await fc.assert(
    fc.asyncProperty(
      bytes,
      fc.uniqueArray(fc.tuple(names, values), { selector: ([name]) => name }),
      async (data, all) => {
        fc.pre(all.every(([name]) => name !== '__proto__'));
        const [one] = await codec.decode(await codec.encode([{ metadata: Object.fromEntries(all), data }]));
        expect(Buffer.from(one?.data ?? []).equals(Buffer.from(data))).toBe(true);
        const names = Object.keys(one?.metadata ?? {});
        expect(names.sort()).toEqual(all.map(([name]) => name).sort());
        for (const [name, value] of all)
          expect(Buffer.from(one?.metadata?.[name] ?? []).equals(Buffer.from(value))).toBe(true);
      },
    ),
  );
});

describe("nothing of a customer's words is to be seen", () => {
  test('in what Temporal keeps: neither the words nor how they were written', async () => {
    const one = await sealed(createPayloadCodec(NEW));
    const kept = Buffer.concat([...Object.values(one.metadata ?? {}), one.data].map((part) => Buffer.from(part ?? [])));
    for (const plain of ['Nobody', 'calls me', 'canna', 'customer', 'json/plain'])
      for (const written of [Buffer.from(plain), Buffer.from(Buffer.from(plain).toString('base64').slice(0, -2))])
        expect(kept.includes(written)).toBe(false);
    expect(metadata(one, METADATA_ENCODING_KEY)).toBe('binary/encrypted');
    expect(metadata(one, 'encryption-key-id')).toBe('2026');
    expect(Object.keys(one.metadata ?? {}).sort()).toEqual(['encoding', 'encryption-key-id']);
  });

  test('nor that the same was said twice', async () => {
    const codec = createPayloadCodec(NEW);
    const [one, two] = [await sealed(codec), await sealed(codec)];
    expect(Buffer.from(one.data).equals(Buffer.from(two.data))).toBe(false);
    expect(Buffer.from(one.data.subarray(0, 12)).equals(Buffer.from(two.data.subarray(0, 12)))).toBe(false);
  });
});

describe('a key is changed', () => {
  test('by putting the new one in front: it seals, and both open', async () => {
    const old = await sealed(createPayloadCodec(OLD));
    const both = createPayloadCodec(`${NEW}, ${OLD}`);
    const fresh = await sealed(both);
    expect(metadata(fresh, 'encryption-key-id')).toBe('2026');
    expect(await opened(both, old, fresh)).toEqual([WORDS, WORDS]);
    expect(await opened(createPayloadCodec(NEW), fresh)).toEqual([WORDS]);
  });

  test('and dropped too early: the message says which one to add back', async () => {
    const old = await sealed(createPayloadCodec(OLD));
    const missing = opened(createPayloadCodec(NEW), old);
    await expect(missing).rejects.toThrow(
      'a payload was encrypted with key "2025", which KEEPWELL_PAYLOAD_KEYS no longer holds; add it back',
    );
    await expect(opened(createPayloadCodec(NEW), old)).rejects.toBeInstanceOf(ValueError);
  });

  test('and another is given out under its name: nothing opens', async () => {
    const old = await sealed(createPayloadCodec(OLD));
    await expect(opened(createPayloadCodec(key('2025', 9)), old)).rejects.toThrow(/authenticate/);
  });
});

describe('a payload that was changed on its way', () => {
  test('by one bit of any byte, is refused', async () => {
    const codec = createPayloadCodec(NEW);
    const one = await sealed(codec, '"hi"');
    for (let at = 0; at < one.data.length; at += 1) {
      const data = Buffer.from(one.data);
      data[at] = (data[at] ?? 0) ^ 1;
      await expect(opened(codec, { ...one, data })).rejects.toThrow(/authenticate/);
    }
  });

  test('by cutting it short or adding to it, is refused', async () => {
    const codec = createPayloadCodec(NEW);
    const one = await sealed(codec, '"hi"');
    for (let length = 0; length < one.data.length; length += 1)
      await expect(opened(codec, { ...one, data: one.data.subarray(0, length) })).rejects.toThrow();
    await expect(opened(codec, { ...one, data: Buffer.concat([one.data, Buffer.of(0)]) })).rejects.toThrow();
  });
});

test('a payload that was never sealed is left as it is', async () => {
  const codec = createPayloadCodec(NEW);
  expect(await codec.decode([payload(WORDS)])).toEqual([payload(WORDS)]);
  expect(await codec.decode([{}])).toEqual([{}]);
});

test.each([
  '',
  ',',
  '2026',
  '2026:',
  `:${Buffer.alloc(32).toString('base64')}`,
  `2026:${Buffer.alloc(31).toString('base64')}`,
  `2026:${Buffer.alloc(33).toString('base64')}`,
  `${NEW},`,
  `${NEW},2025:short`,
])('the keys "%s" are refused in words, without repeating them', (keys) => {
  const asked = (): PayloadCodec => createPayloadCodec(keys);
  expect(asked).toThrow('KEEPWELL_PAYLOAD_KEYS is "id:key,…" with keys of 32 bytes in base64; one entry is not');
});
