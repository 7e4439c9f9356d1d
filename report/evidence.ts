/** Signs what a report rests on, and tells whether such a document is as it was signed. */
import { createHash } from 'node:crypto';
import { type Evidence, evidenceOf } from '../domain/report/evidence.ts';
import type { ReportInput } from '../domain/report/input.ts';
import type { ReportModel } from '../domain/report/report.ts';
import { canonicalJson } from '../domain/snapshot/canonical.ts';
import { enclosed, isSignedBy, parseEnvelope } from './dsse.ts';
import { keyOf, named, type Signer } from './signing-key.ts';

const payloadType = 'application/vnd.knowngood.evidence.v1+json';

interface Faces {
  readonly html: string;
  readonly markdown: string;
}

/** The text of the envelope. Ed25519 has no randomness: the same input, the same bytes. */
export function signedEvidence(input: ReportInput, model: ReportModel, faces: Faces, signer: Signer): string {
  const sha256 = { html: sha256Of(faces.html), markdown: sha256Of(faces.markdown) };
  const evidence = evidenceOf(input, model, { sha256, key: signer.public });
  const key = { id: signer.public.fingerprint, secret: signer.secret };
  return `${JSON.stringify(enclosed(payloadType, Buffer.from(canonicalJson(evidence)), key))}\n`;
}

export type Verified =
  | {
      readonly kind: 'valid';
      readonly evidence: Evidence;
      readonly fingerprint: string;
      /** false: by the key that it brings along, which says nothing about who signed it. */
      readonly pinned: boolean;
    }
  | { readonly kind: 'invalid'; readonly why: string };

export interface Expected {
  /** The fingerprint that the key must have; null: whatever it brings along. */
  readonly fingerprint: string | null;
  /** The page that must be the one that was signed; null: it is not at hand. */
  readonly html: string | null;
}

export function verifyEvidence(text: string, { fingerprint, html }: Expected): Verified {
  const envelope = parseEnvelope(text);
  if (envelope === null) return invalid('it is no signed document (a DSSE envelope with one signature)');
  if (envelope.payloadType !== payloadType) return invalid(`it is no evidence of a report: ${envelope.payloadType}`);
  const payload = Buffer.from(envelope.payload, 'base64').toString('utf8');
  const evidence = parsed(payload);
  if (evidence?.schema !== 'knowngood.evidence/1') return invalid('its content is no evidence of a report');
  const key = keyOf(evidence.key?.publicKey ?? '');
  if (key === null) return invalid('it brings no Ed25519 key along');
  const own = named(key);
  if (fingerprint !== null && own.fingerprint !== fingerprint)
    return invalid(`it is signed by another key: ${own.fingerprint}, not ${fingerprint}`);
  if (!isSignedBy(envelope, key)) return invalid('its signature does not fit its content');
  if (canonicalJson(own) !== canonicalJson(evidence.key) || envelope.signatures[0].keyid !== own.fingerprint)
    return invalid('the key is not the one that it names');
  if (canonicalJson(evidence) !== payload) return invalid('its content is not in its canonical form');
  if (html !== null && sha256Of(html) !== evidence.sha256.html)
    return invalid('the page is not the one that was signed');
  return { kind: 'valid', evidence, fingerprint: own.fingerprint, pinned: fingerprint !== null };
}

/** Whatever stands in it: nothing of it is believed before its signature fits. */
function parsed(payload: string): Evidence | null {
  try {
    return JSON.parse(payload) as Evidence | null;
  } catch {
    return null;
  }
}

const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

function invalid(why: string): Verified {
  return { kind: 'invalid', why };
}
