/** What a person can do now: the exact Update or Signal for the phase, with an argument to copy. */
import type { DetailsView } from './details.ts';
import { codeBlock } from './markdown.ts';

interface Step {
  readonly name: 'approve' | 'reject' | 'abort' | 'confirm' | 'extend' | 'abandon';
  readonly does: string;
  /** The whole argument, one JSON string. */
  readonly example: string;
}

const approve: Step = { name: 'approve', does: 'lets it go on', example: '"anna: read the diff, looks right"' };
const reject: Step = { name: 'reject', does: 'ends it, nothing touched', example: '"anna: not before the weekend"' };
const confirm: Step = { name: 'confirm', does: 'keeps the change', example: '"anna: checked by hand"' };
const extend: Step = { name: 'extend', does: 'gives more time', example: '"10m: waiting for the cache to warm up"' };
const abandon: Step = {
  name: 'abandon',
  does: 'stops trying and leaves the server as it is, to a person',
  example: '"anna: repairing by hand"',
};
const abortBefore: Step = { name: 'abort', does: 'ends it, nothing touched', example: '"anna: wrong window"' };
const abortAfter: Step = { name: 'abort', does: 'reverts the change', example: '"anna: customers complain"' };

function stepsOf(view: DetailsView): readonly Step[] {
  switch (view.phase) {
    case 'snapshot':
    case 'baseline':
    case 'preflight':
    case 'arm':
      return [abortBefore];
    case 'approve':
      return [approve, reject];
    case 'apply':
      return [abortAfter];
    case 'watch':
      return view.allowEarlyConfirm === true ? [abortAfter, extend, confirm] : [abortAfter, extend];
    case 'hold':
    case 'confirm':
      return [confirm, abortAfter, extend];
    case 'revert-incomplete':
      return [abandon];
    default:
      return [];
  }
}

export function nextSteps(view: DetailsView): string {
  const steps = stepsOf(view);
  const notes = notesOf(view);
  if (steps.length === 0 && notes.length === 0) return '';
  const how =
    steps.length === 0
      ? []
      : ['*More actions → Send an Update*, choose the name, paste the argument (words of your own are welcome):'];
  return [
    '### What you can do',
    ...notes,
    ...how,
    ...steps.map(({ name, does, example }) => `**${name}** ${does}:\n\n${codeBlock(example, 'json')}`),
  ].join('\n\n');
}

function notesOf({ phase, approvals, changeKind, target, outcome }: DetailsView): readonly string[] {
  switch (phase) {
    case 'approve':
      return [`Approvals: **${approvals.given} of ${approvals.needed}**. No approval, no change: silence is safe.`];
    case 'apply':
      return changeKind === 'external'
        ? ['The pipeline is at work and says `applied` or `failed` when it is done.']
        : [];
    case 'revert':
      return ['Nothing is asked of you: the revert goes on by itself, and stops for nobody.'];
    case 'revert-incomplete':
      return [
        'On the database host, with or without Temporal:',
        codeBlock(`knowngood rescue ${target} --show\nknowngood rescue ${target} --revert`),
      ];
    case 'closed':
      return outcome === 'reverted'
        ? ['Mend your source too: what put this configuration there may put it there again.']
        : [];
    default:
      return [];
  }
}
