/** Signed evidence: valid as it was signed, and any change to any part of it is found. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { canonicalJson } from '../../domain/snapshot/canonical.ts';
import { buildReport } from '../../report/build.ts';
import { type Envelope, enclosed } from '../../report/dsse.ts';
import { type Expected, type Verified, verifyEvidence } from '../../report/evidence.ts';
import { keyFromPem, newSecretKey, named, publicPem, signerFrom } from '../../report/signing-key.ts';
import { aTalkingOutage, decidedAt, samples } from './outage.ts';

const signer = signerFrom(newSecretKey());
const other = signerFrom(newSecretKey());
if (signer === null || other === null) throw new Error('a new key is one');
const input = aTalkingOutage({ samples: samples.filter(({ at }) => at > decidedAt).slice(0, 6) });
const report = buildReport(input, signer);
const text = report.evidence ?? '';
const envelope = JSON.parse(text) as Envelope;
const payload = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as unknown;

const anybody: Expected = { fingerprint: null, html: null };
const check = (changed: string, expected: Partial<Expected> = {}): Verified =>
  verifyEvidence(changed, { ...anybody, ...expected });
const withPayload = (changed: unknown): string =>
  JSON.stringify({ ...envelope, payload: Buffer.from(canonicalJson(changed)).toString('base64') });

describe('evidence', () => {
  it('is valid as it was signed, and says whether anybody vouches for the key', () => {
    expect(check(text)).toMatchObject({ kind: 'valid', pinned: false, fingerprint: signer.public.fingerprint });
    expect(check(text, { fingerprint: signer.public.fingerprint })).toMatchObject({ kind: 'valid', pinned: true });
    expect(check(text, { html: report.html })).toMatchObject({ kind: 'valid' });
  });

  it('is the same for the same input', () =>
    expect(buildReport({ ...input, samples: [...input.samples].reverse() }, signer).evidence).toBe(text));

  it('holds what the report rests on, and no secret', () => {
    expect(payload).toMatchObject({
      report: { decisions: expect.anything(), proof: expect.anything(), snapshots: { before: expect.anything() } },
      measured: input.samples.length,
      request: { changeId: 'upgrade-17', policy: expect.anything() },
    });
    expect(canonicalJson(payload)).not.toMatch(/hunter|IMAGE_SVC_PASSWORD/);
  });

  it('of another key, or of another page, is not', () => {
    expect(check(text, { fingerprint: other.public.fingerprint })).toMatchObject({ kind: 'invalid' });
    expect(check(buildReport(input, other).evidence ?? '', { fingerprint: signer.public.fingerprint }).kind).toBe(
      'invalid',
    );
    expect(check(text, { html: `${report.html} ` })).toMatchObject({
      kind: 'invalid',
      why: expect.stringContaining('page'),
    });
  });

  it('is not there without a key', () => expect(buildReport(input).evidence).toBeNull());
});

describe('whoever changes it is found', () => {
  const leaves = leavesOf(payload);

  it('at every value', () => {
    expect(leaves.length).toBeGreaterThan(250);
    const passed = leaves.filter((path) => check(withPayload(bentAt(payload, path, bend))).kind === 'valid');
    expect(passed).toEqual([]);
  });

  it('when anything is left out', () => {
    const passed = leaves.filter((path) => check(withPayload(bentAt(payload, path, () => undefined))).kind === 'valid');
    expect(passed).toEqual([]);
  });

  it('at every field of the envelope', () => {
    const [signature] = envelope.signatures;
    const changed: readonly object[] = [
      { ...envelope, payloadType: 'application/json' },
      { ...envelope, more: 1 },
      { ...envelope, signatures: [] },
      { ...envelope, signatures: [signature, signature] },
      { ...envelope, signatures: [{ ...signature, keyid: other.public.fingerprint }] },
      { ...envelope, signatures: [{ ...signature, more: 1 }] },
      { ...envelope, signatures: [{ ...signature, sig: '' }] },
      { ...envelope, payload: `${envelope.payload}\n` },
      {},
    ];
    for (const each of changed) expect(check(JSON.stringify(each)).kind).toBe('invalid');
    for (const each of ['', 'null', '[]', '{"payload":', '\u0000']) expect(check(each).kind).toBe('invalid');
  });

  it('at every character of the signature and at some of the content', () => {
    const [{ sig, keyid }] = envelope.signatures;
    for (let at = 0; at < sig.length; at += 1)
      expect(check(JSON.stringify({ ...envelope, signatures: [{ keyid, sig: turned(sig, at) }] })).kind).toBe(
        'invalid',
      );
    for (let at = 0; at < envelope.payload.length; at += 997)
      expect(check(JSON.stringify({ ...envelope, payload: turned(envelope.payload, at) })).kind).toBe('invalid');
  });

  it('when it is signed anew by another key that calls itself the first', () => {
    const forged = enclosed(envelope.payloadType, Buffer.from(canonicalJson(payload)), {
      id: signer.public.fingerprint,
      secret: other.secret,
    });
    expect(check(JSON.stringify(forged)).kind).toBe('invalid');
    const named = bentAt(payload, ['key', 'publicKey'], () => other.public.publicKey);
    const again = enclosed(envelope.payloadType, Buffer.from(canonicalJson(named)), {
      id: signer.public.fingerprint,
      secret: other.secret,
    });
    expect(check(JSON.stringify(again))).toMatchObject({ kind: 'invalid', why: expect.stringContaining('names') });
  });

  it('when the same is written in another order', () => {
    const reversed = Object.fromEntries(Object.entries(payload as object).reverse());
    const forged = enclosed(envelope.payloadType, Buffer.from(JSON.stringify(reversed)), {
      id: signer.public.fingerprint,
      secret: signer.secret,
    });
    expect(check(JSON.stringify(forged))).toMatchObject({ kind: 'invalid', why: expect.stringContaining('canonical') });
  });
});

describe('a key', () => {
  it('is one of Ed25519 or none', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(signerFrom(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())).toBeNull();
    expect(keyFromPem(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString())).toBeNull();
    expect(signerFrom('no key')).toBeNull();
  });

  it('is read back from what is printed of it; a secret one is not taken for it', () => {
    const key = keyFromPem(publicPem(signer.public));
    expect(key && named(key)).toEqual(signer.public);
    expect(keyFromPem(newSecretKey())).toBeNull();
  });
});

type Path = readonly (string | number)[];

function leavesOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inside]) => leavesOf(inside, [...path, key]));
}

function bentAt(value: unknown, path: Path, bend: (leaf: unknown) => unknown): unknown {
  const copy = structuredClone(value) as Record<string | number, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  const last = path.at(-1) ?? '';
  if (bend(at[last]) === undefined) delete at[last];
  else at[last] = bend(at[last]);
  return copy;
}

function bend(leaf: unknown): unknown {
  if (typeof leaf === 'string') return `${leaf}x`;
  if (typeof leaf === 'number') return leaf + 1;
  return leaf === null ? 0 : !leaf;
}

const turned = (text: string, at: number): string =>
  `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
