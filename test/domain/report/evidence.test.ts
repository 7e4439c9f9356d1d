/** What is signed: all of it while that is little, the telling part of much, and nothing that opens a door. */
import { expect, it } from '@jest/globals';
import { evidenceOf } from '../../../domain/report/evidence.ts';
import { reportOf } from '../../../domain/report/report.ts';
import type { ReportInput } from '../../../domain/report/input.ts';
import { anOutage, samples } from '../../report/outage.ts';

const sealed = {
  sha256: { html: 'a', markdown: 'b' },
  key: { algorithm: 'ed25519', publicKey: 'c', fingerprint: 'd' },
} as const;
const signed = (input: ReportInput) => evidenceOf(input, reportOf(input), sealed);

const [sample] = samples;
if (sample === undefined) throw new Error('the outage has samples');

for (const [count, kept] of [
  [10_000, 10_000],
  [10_001, 0],
] as const)
  it(`of ${count} measurements holds ${kept === 0 ? 'those of the pictures' : 'every one'}, oldest first`, () => {
    const many = Array.from({ length: count }, (_, index) => ({ ...sample, at: sample.at - index }));
    const evidence = signed(anOutage({ samples: many }));
    expect(evidence.measured).toBe(count);
    const series = evidence.report.checks.flatMap((check) => check.series);
    expect(evidence.samples).toHaveLength(kept === 0 ? series.length : kept);
    expect(evidence.samples[0]?.at).toBe(sample.at - count + 1);
  });

it('names headers without their values, addresses without logins, and no password at all', () => {
  const outage = anOutage();
  const checks = outage.change.checks.map((check) =>
    check.kind === 'http' ? { ...check, headers: { authorization: 'Bearer geheim' } } : check,
  );
  const { request } = signed({ ...outage, change: { ...outage.change, checks } });
  expect(JSON.stringify(request)).not.toMatch(/geheim|hunter|PASSWORD/);
  expect(JSON.stringify(request)).toContain('authorization');
});
