import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { join } from 'node:path';
import { createPayloadCodec } from './payload-codec.js';

export interface TemporalSettings {
  temporalAddress: string;
  temporalNamespace: string;
  payloadKeys: string;
}

const FAILURE_CONVERTER = join(__dirname, 'failure-converter.ts');
/** A server that has not answered within this many ms is called unreachable. */
const CONNECT_TIMEOUT_MS = 10_000;

/** One converter for client and worker: what one writes the other must read. */
export function dataConverter(payloadKeys: string): DataConverter {
  return { payloadCodecs: [createPayloadCodec(payloadKeys)], failureConverterPath: FAILURE_CONVERTER };
}

/**
 * Connects to Temporal as one who asks.
 * @throws Error in words when the server does not answer within CONNECT_TIMEOUT_MS
 */
export async function connectClient(settings: TemporalSettings): Promise<Client> {
  const connection = await Connection.connect({
    address: settings.temporalAddress,
    connectTimeout: CONNECT_TIMEOUT_MS,
  }).catch((cause: unknown) => {
    throw new Error(`Temporal does not answer at ${settings.temporalAddress}; is it running?`, { cause });
  });
  return new Client({
    connection,
    namespace: settings.temporalNamespace,
    dataConverter: dataConverter(settings.payloadKeys),
  });
}
