/** How a report says what was done about it, and what is left for people to do. Plain text: renderers escape it. */
import { countText, durationText } from '../format.ts';
import type { CheckReport } from './checks.ts';
import type { ReportInput } from './input.ts';
import { spansOf } from './moments.ts';

export function resolutionOf({ result, details }: ReportInput): readonly string[] {
  const { revertMs } = spansOf(result.moments);
  switch (result.outcome) {
    case 'kept':
      return [
        result.snapshots.after === null
          ? 'The change stays in force; the lease is released.'
          : 'The change stays in force; the lease is released and the configuration is the new known-good.',
      ];
    case 'rejected':
    case 'aborted':
      return ['Nothing had to be undone.'];
    case 'abandoned':
      return ['A person stopped the revert before it was complete; what was left then is listed below.'];
    case 'reverted': {
      const took = revertMs === null ? '' : ` ${durationText(revertMs)} after the decision`;
      const restored = details.reverted.filter(
        ({ decision }) => decision !== 'nothing' && decision !== 'not-revertible',
      );
      const what =
        restored.length === 0
          ? 'The configuration is as it was before'
          : `${countText(restored.length, 'item')} put back`;
      const proven = details.proof.length === 0 ? '' : ', and it was proven, not assumed';
      return [`${capital(what)}${took}${proven}.`];
    }
  }
}

export function followUpsOf(input: ReportInput, checks: readonly CheckReport[]): readonly string[] {
  const { result, change, details, plan } = input;
  const touched = result.outcome === 'reverted' || result.outcome === 'abandoned';
  const counted = checks.filter(({ shadow }) => !shadow);
  const stillFailing = counted.filter(({ state }) => state === 'still-failing').map(({ name }) => name);
  const notSeenToPass = counted.filter(({ state }) => state === 'still-failing' || state === 'failed');
  const upgraded = details.reverted.some(({ key }) => key.startsWith('upgrade:'));
  const lasting = details.reverted.filter(
    ({ key, decision }) => decision === 'not-revertible' && !key.startsWith('upgrade:'),
  );
  const rules: readonly (readonly [boolean, string])[] = [
    [
      result.outcome === 'reverted',
      'Mend your source too: the playbook, chart or script that brought this configuration will bring it again.',
    ],
    [
      touched && change.changeKind !== 'config',
      'The revert restores configuration. Whatever else the command did (packages, data, other hosts) is as it left it.',
    ],
    [
      touched && stillFailing.length > 0,
      `Still failing, and not because of the configuration alone: ${stillFailing.join(', ')}.`,
    ],
    [result.outcome === 'abandoned', 'Finish the revert by hand, then take a snapshot: knowngood snapshot take.'],
    [result.conflicts.length > 0, 'Somebody else changed the same things meanwhile: read the conflicts and tell them.'],
    [
      lasting.length > 0,
      `Not revertible, and still as the change left it: ${lasting.map(({ key }) => key).join(', ')}.`,
    ],
    [
      upgraded,
      'The server is the new one, with the old configuration: what could not be carried over is named with the proof.',
    ],
    [touched, 'A new try is a new change id; look at it first with: knowngood plan.'],
    [
      result.outcome === 'kept' && checks.length === 0,
      'Declare dependents with checks: without them a bad change goes unnoticed.',
    ],
    [
      result.outcome === 'kept' && notSeenToPass.length > 0,
      `Failed, and not seen to pass again, although the change was kept: ${notSeenToPass.map(({ name }) => name).join(', ')}.`,
    ],
    [
      change.policy.allowRedBaseline,
      'This change went ahead whatever the baseline said (allowRedBaseline): red checks could not speak.',
    ],
  ];
  const hints = result.problems.flatMap(({ hint }) => (hint === undefined ? [] : [hint]));
  return [
    ...rules.filter(([applies]) => applies).map(([, text]) => text),
    ...(plan?.warnings ?? []),
    ...new Set(hints),
  ];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
