/** The codec as clients and workers of the SDK take it. */
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { PayloadKey } from './keys.ts';
import { createPayloadCodec } from './payload-codec.ts';

export function clientConverter(keys: readonly PayloadKey[] = []): DataConverter {
  return { payloadCodecs: [createPayloadCodec(keys)] };
}

/** Its workflows' failures are for their bundle to convert. */
export function workerConverter(keys: readonly PayloadKey[] = []): DataConverter {
  const payloadCodecs = [createPayloadCodec(keys, { leaveToWorkflow: true })];
  if (keys.length === 0) return { payloadCodecs };
  return { payloadCodecs, failureConverterPath: fileURLToPath(new URL('failures.cjs', import.meta.url)) };
}
