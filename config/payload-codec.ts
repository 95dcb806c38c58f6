import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { METADATA_ENCODING_KEY, ValueError, type Payload, type PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('utf8');

function readKeys(keys: string): Map<string, Buffer> {
  const read = new Map<string, Buffer>();
  for (const entry of keys.split(',')) {
    const [id, encoded] = entry.trim().split(':');
    const key = Buffer.from(encoded ?? '', 'base64');
    if (!id || key.length !== KEY_BYTES)
      throw new Error(
        `KEEPWELL_PAYLOAD_KEYS is "id:key,…" with keys of ${KEY_BYTES} bytes in base64; one entry is not`,
      );
    read.set(id, key);
  }
  return read;
}

/**
 * AES-256-GCM over every payload. The first key encrypts; all of them decrypt, so a key is rotated by putting the new
 * one in front and dropping the old one when no history with its id is left.
 * @param keys `id:base64,…`; each key 32 bytes
 * @throws Error when the keys can't be read
 */
export function createPayloadCodec(keys: string): PayloadCodec {
  const known = readKeys(keys);
  const [currentId, currentKey] = [...known][0] as [string, Buffer];
  return {
    async encode(payloads: Payload[]): Promise<Payload[]> {
      return payloads.map((payload) => {
        const nonce = randomBytes(NONCE_BYTES);
        const cipher = createCipheriv(CIPHER, currentKey, nonce);
        const plain = temporal.api.common.v1.Payload.encode(payload).finish();
        const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
        return {
          metadata: { [METADATA_ENCODING_KEY]: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(currentId) },
          data: sealed,
        };
      });
    },
    async decode(payloads: Payload[]): Promise<Payload[]> {
      return payloads.map((payload) => {
        if (text(payload.metadata?.[METADATA_ENCODING_KEY]) !== ENCODING) return payload;
        const id = text(payload.metadata?.[KEY_ID]);
        const key = known.get(id);
        if (!key)
          throw new ValueError(
            `a payload was encrypted with key "${id}", which KEEPWELL_PAYLOAD_KEYS no longer holds; add it back`,
          );
        const sealed = Buffer.from(payload.data ?? []);
        const opener = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
        opener.setAuthTag(sealed.subarray(-TAG_BYTES));
        const plain = Buffer.concat([opener.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), opener.final()]);
        return temporal.api.common.v1.Payload.decode(plain);
      });
    },
  };
}
