/** What a negative control of checks has shown. Pure. */
import { oneLine } from '../../domain/markdown.ts';
import type { CheckProof, ProofResult } from '../../domain/proof.ts';
import type { RehearsalFinding } from '../../domain/rehearsal.ts';
import { noColors } from './problem.ts';
import type { Colors } from './problem.ts';
import { columns } from './text.ts';

export function renderProofs(
  proofs: readonly CheckProof[],
  findings: readonly RehearsalFinding[],
  colors: Colors = noColors,
): string {
  const paint: Readonly<Record<ProofResult, (text: string) => string>> = {
    sensitive: colors.green,
    insensitive: colors.red,
    unproven: colors.yellow,
  };
  if (proofs.length === 0) return 'no checks';
  const lines = columns([
    ['RESULT', 'CHECK', 'KIND', 'LEVEL', 'WHY'],
    ...proofs.map(({ result, check, kind, level, why }) => [result, check, kind, level, oneLine(why)]),
  ]);
  const painted = lines.map((line, at) => {
    const result = proofs[at - 1]?.result;
    return result === undefined ? line : `${paint[result](result)}${line.slice(result.length)}`;
  });
  const wrong = findings.flatMap(({ ok, problem }) => (ok === true || problem === undefined ? [] : [problem]));
  return [
    ...painted,
    ...wrong.map(({ message, detail }) => `NOTE:  ${oneLine([message, detail].filter(Boolean).join(': '))}`),
  ].join('\n');
}
