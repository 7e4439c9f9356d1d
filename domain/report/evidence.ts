/** All that a report rests on, as one document to be signed: the report itself, every measurement, the request. No secrets. */
import type { AdmittedChange } from '../admitted.ts';
import type { CheckSpec, Sample } from '../check.ts';
import { withoutSecrets } from './checks.ts';
import type { ReportInput } from './input.ts';
import type { ReportModel } from './report.ts';
import { byCodeUnit } from '../snapshot/canonical.ts';

export interface Evidence {
  /** Grows by fields; a changed or removed one is a new number. */
  readonly schema: 'knowngood.evidence/1';
  /** Timeline, decisions and approvals, proof, snapshot ids among it. */
  readonly report: ReportModel;
  /** As it was admitted. */
  readonly request: AdmittedChange;
  /** Oldest first. */
  readonly samples: readonly Sample[];
  /** Of many the telling ones: how many there were. */
  readonly measured: number;
  /** sha256 of the report's other faces, hexadecimal. */
  readonly sha256: { readonly html: string; readonly markdown: string };
  readonly key: PublicKey;
}

export interface PublicKey {
  readonly algorithm: 'ed25519';
  /** SubjectPublicKeyInfo, DER in base64. */
  readonly publicKey: string;
  /** `SHA256:` and the hash of it, in base64. */
  readonly fingerprint: string;
}

/** A day of failures on twelve checks; a report of more holds the series of its pictures. */
const mostSamples = 10_000;

export function evidenceOf(
  { change, samples }: ReportInput,
  report: ReportModel,
  sealed: Pick<Evidence, 'sha256' | 'key'>,
): Evidence {
  const shown = samples.length <= mostSamples ? samples : report.checks.flatMap(({ series }) => series);
  return {
    schema: 'knowngood.evidence/1',
    report,
    request: { ...change, checks: change.checks.map(asMeasured) },
    samples: [...shown].sort((a, b) => a.at - b.at || byCodeUnit(a.check, b.check)),
    measured: samples.length,
    ...sealed,
  };
}

/** What is measured, without what opens the door to it. */
function asMeasured(check: CheckSpec): CheckSpec {
  switch (check.kind) {
    case 'http':
      return { ...check, url: withoutSecrets(check.url), headers: hidden(check.headers) };
    case 'prometheus':
      return { ...check, url: withoutSecrets(check.url), headers: hidden(check.headers) };
    case 'grpc':
      return { ...check, metadata: hidden(check.metadata) };
    case 'sql':
      return { ...check, password: null };
    case 'command':
    case 'tcp':
      return check;
  }
}

function hidden(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(values).map((name) => [name, '…']));
}
