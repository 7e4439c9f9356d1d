/** What encrypting costs: a thousand payloads there and back, beside bare AES-256-GCM over as many bytes in the same run. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { newPayloadKey, parsePayloadKey, type PayloadKey } from '../codec/keys.ts';
import { createPayloadCodec } from '../codec/payload-codec.ts';
import { compare, type Figure } from './figure.ts';
import type { BenchOptions } from './options.ts';

const payloads = 1_000;

/** A step's answer, a request with its diff, and the largest that may stand in a history. */
const sizesKib = [0.25, 4, 64] as const;

export async function benchCodec({ runs, progress }: BenchOptions): Promise<readonly Figure[]> {
  const key = parsePayloadKey(newPayloadKey()) as PayloadKey;
  const codec = createPayloadCodec([key]);
  const figures: Figure[] = [];
  for (const kib of sizesKib) {
    const text = randomBytes(kib * 512).toString('hex');
    const payload = defaultPayloadConverter.toPayload(text) as Payload;
    const own: number[] = [];
    const floor: number[] = [];
    for (let run = 0; run < runs; run++) {
      own.push(await timed(async () => void (await codec.decode(await codec.encode([payload])))));
      floor.push(await timed(() => bare(key.key, payload.data ?? new Uint8Array())));
    }
    const name = `1,000 payloads of ${kib} KiB, encrypted and decrypted`;
    figures.push(compare(name, { own, floor }, '≤ 3 × floor', (ours, bare) => ours <= 3 * bare));
    progress(`${kib} KiB: done`);
  }
  return figures;
}

/** Milliseconds of a thousand. */
async function timed(once: () => void | Promise<void>): Promise<number> {
  const beganAt = performance.now();
  for (let count = 0; count < payloads; count++) await once();
  return performance.now() - beganAt;
}

function bare(key: Buffer, bytes: Uint8Array): void {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = cipher.update(bytes);
  cipher.final();
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAuthTag(cipher.getAuthTag());
  decipher.update(sealed);
  decipher.final();
}
