/** What leaves encrypted comes back as it was, only with its key, only unaltered; what is in clear stays so. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { newPayloadKey, parsePayloadKey, type PayloadKey } from '../../codec/keys.ts';
import { createPayloadCodec } from '../../codec/payload-codec.ts';
import { encryptedEncoding, encryptedWith } from '../../domain/encrypted-payload.ts';

const aKey = (): PayloadKey => parsePayloadKey(newPayloadKey()) as PayloadKey;
const [one, two] = [aKey(), aKey()];
const inWorkflow = { type: 'workflow', namespace: 'default', workflowId: 'w' } as const;

function plain(value: unknown): Payload {
  return defaultPayloadConverter.toPayload(value) as Payload;
}

async function encrypt(key: PayloadKey, value: unknown): Promise<Payload> {
  const [payload] = await createPayloadCodec([key]).encode([plain(value)]);
  return payload as Payload;
}

async function decrypt(keys: readonly PayloadKey[], payload: Payload): Promise<unknown> {
  const [decoded] = await createPayloadCodec(keys).decode([payload]);
  return defaultPayloadConverter.fromPayload(decoded as Payload);
}

const bytesOf = (payload: Payload): Buffer =>
  Buffer.concat([...Object.values(payload.metadata ?? {}), payload.data ?? new Uint8Array()]);

describe('an encrypted payload', () => {
  it('comes back as it was, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), fc.uint8Array(), fc.constant(undefined)), async (value) => {
        // JSON has no negative zero.
        const wanted = defaultPayloadConverter.fromPayload(plain(value));
        expect(await decrypt([one], await encrypt(one, value))).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
  });

  it('shows its encoding and the id of its key, and nothing of what it holds', async () => {
    const payload = await encrypt(one, { reason: 'planted-words' });
    expect(Object.keys(payload.metadata ?? {}).sort()).toEqual(['encoding', 'encryption-key-id']);
    expect(encryptedWith(payload)).toBe(one.id);
    const bytes = bytesOf(payload);
    for (const words of ['planted-words', 'reason', 'json/plain', one.key]) expect(bytes.includes(words)).toBe(false);
  });

  it('is another one each time', async () => {
    const payloads = await Promise.all(Array.from({ length: 1_000 }, () => encrypt(one, 'the same')));
    const nonces = new Set(payloads.map(({ data }) => Buffer.from(data ?? []).toString('hex', 0, 12)));
    expect(nonces.size).toBe(1_000);
  });

  it('that was altered in any byte is an error', async () => {
    const payload = await encrypt(one, 'kim: not tonight');
    const data = Buffer.from(payload.data ?? []);
    for (const at of data.keys()) {
      const bent = Buffer.from(data);
      bent[at] = (bent[at] ?? 0) ^ (1 << (at % 8));
      await expect(decrypt([one], { ...payload, data: bent })).rejects.toThrow('not as it was encrypted');
    }
    for (const data of [new Uint8Array(), randomBytes(27), undefined])
      await expect(decrypt([one], { ...payload, data } as Payload)).rejects.toThrow('not as it was encrypted');
  });

  it('cannot be passed off as one of another key', async () => {
    const payload = await encrypt(one, 1);
    const relabelled = { ...payload, metadata: { ...payload.metadata, 'encryption-key-id': Buffer.from(two.id) } };
    await expect(decrypt([one, two], relabelled)).rejects.toThrow('not as it was encrypted');
  });

  it('whose key is missing is an error that names it, and those that are there', async () => {
    const payload = await encrypt(one, 1);
    await expect(decrypt([two], payload)).rejects.toMatchObject({
      problem: {
        code: 'missing-payload-key',
        message: `a payload is encrypted with key ${one.id}, which this process does not have`,
        detail: `It has ${two.id}.`,
      },
    });
    await expect(decrypt([], payload)).rejects.toThrow('It has none.');
  });
});

describe('a rotation', () => {
  it('encrypts with the first key, and decrypts with each', async () => {
    const codec = createPayloadCodec([two, one]);
    expect(codec.keyId).toBe(two.id);
    const [payload] = await codec.encode([plain('new')]);
    expect(encryptedWith(payload as Payload)).toBe(two.id);
    expect(await decrypt([two, one], payload as Payload)).toBe('new');
    expect(await decrypt([two, one], await encrypt(one, 'old'))).toBe('old');
  });
});

describe('a payload in clear', () => {
  it('is passed on, with and without a key, so that what began without one goes on', async () => {
    for (const keys of [[], [one]]) expect(await decrypt(keys, plain('in clear'))).toBe('in clear');
    const foreign = { metadata: { encoding: Buffer.from('binary/encrypted') }, data: randomBytes(40) };
    expect(await createPayloadCodec([one]).decode([foreign])).toEqual([foreign]);
  });

  it('stays in clear without a key', async () => {
    const codec = createPayloadCodec([]);
    expect(codec.keyId).toBeNull();
    expect(await codec.encode([plain('in clear')])).toEqual([plain('in clear')]);
  });
});

describe('for a workflow', () => {
  it('what no key fits is left for it to refuse; for its activities and for clients it is an error', async () => {
    const payload = await encrypt(one, 1);
    const codec = createPayloadCodec([two], { leaveToWorkflow: true });
    expect(await codec.decode([payload], inWorkflow)).toEqual([payload]);
    const inActivity = { type: 'activity', namespace: 'default', activityId: 'a', isLocal: false } as const;
    for (const context of [inActivity, undefined])
      await expect(codec.decode([payload], context)).rejects.toThrow(one.id);
    await expect(createPayloadCodec([two]).decode([payload], inWorkflow)).rejects.toThrow(one.id);
  });
});

describe('a key', () => {
  it.each(['', 'a', 'g'.repeat(64), `${newPayloadKey()}0`, ` ${newPayloadKey()}`])('is not %j', (text) => {
    expect(parsePayloadKey(text)).toBeNull();
  });

  it('is named by an id that is the same for the same key, however it is written', () => {
    const text = newPayloadKey();
    expect(parsePayloadKey(text.toUpperCase())?.id).toBe(parsePayloadKey(text)?.id);
    expect(text).not.toContain(parsePayloadKey(text)?.id);
  });

  it('is told by no payload: another encoding is not ours', () => {
    expect(encryptedWith({ metadata: { encoding: Buffer.from(`${encryptedEncoding}x`) } })).toBeNull();
    expect(encryptedWith({})).toBeNull();
  });
});
