/** What a person can do now: the exact Update or Signal, with an argument to copy. */
import type { DetailsView } from './details.ts';
import { codeBlock, codeCell, codeSpan, markdownTable } from '../markdown.ts';
import { isTouched, type Phase } from '../phase.ts';

const asked = ['approve', 'reject', 'confirm', 'abort', 'extend', 'acknowledge', 'abandon'] as const;

type Word = (typeof asked)[number];

interface Step {
  readonly does: string;
  /** The whole argument, one JSON string: the dialog sends one payload, and an object costs a lost click. */
  readonly example: string;
}

function stepOf(word: Word, phase: Phase): Step {
  switch (word) {
    case 'approve':
      return phase === 'revert-incomplete'
        ? { does: 'opens again what is held back', example: '"anna: they are our partner again"' }
        : { does: 'lets the change go ahead', example: '"anna: read the diff, looks right"' };
    case 'reject':
      return phase === 'revert-incomplete'
        ? { does: 'leaves closed what is held back, and the revert is over', example: '"anna: they stay out"' }
        : { does: 'ends it, nothing touched', example: '"anna: not before the weekend"' };
    case 'abort':
      return isTouched(phase)
        ? { does: 'reverts the change', example: '"anna: customers complain"' }
        : { does: 'ends it, nothing touched', example: '"anna: wrong window"' };
    case 'confirm':
      return { does: 'keeps the change', example: '"anna: checked by hand"' };
    case 'extend':
      return { does: 'moves the deadline', example: '"10m: waiting for the caches"' };
    case 'acknowledge':
      return { does: 'says that you are on it: nobody else is called', example: '"anna: I am on it"' };
    case 'abandon':
      return { does: 'stops trying; the server stays as it is, for a person', example: '"anna: repairing by hand"' };
  }
}

export function nextSteps(view: DetailsView): string {
  const words = asked.filter((word) => view.possible.includes(word));
  const notes = notesOf(view);
  if (words.length === 0 && notes.length === 0) return '';
  const how = '*More Actions → Send an Update*, choose the name, paste the argument (the words are yours to change):';
  const rows = words.map((word) => {
    const { does, example } = stepOf(word, view.phase);
    return [`**${word}**`, codeCell(example), does];
  });
  return [
    '### What you can do',
    ...notes,
    ...(rows.length === 0 ? [] : [how, markdownTable({ head: ['Update', 'argument', 'what it does'], rows })]),
  ].join('\n\n');
}

const abortToo =
  '*Request Cancellation* is an abort, too. Ended in any other way, the change is reverted by the agent on its own.';

function notesOf({ phase, approvals, changeKind, target, changeId, outcome }: DetailsView): readonly string[] {
  switch (phase) {
    case 'approve':
      return [
        'Silence is safe: without the approvals nothing is applied.',
        ...(approvals.signed === true
          ? [`To sign with your SSH key: ${codeSpan(`knowngood approve ${target}:${changeId} --sign`)}`]
          : []),
      ];
    case 'apply':
      return changeKind === 'external'
        ? ['The pipeline is at work; it says `applied` or `failed` when it is done.']
        : [abortToo];
    case 'watch':
    case 'hold':
      return [abortToo];
    case 'revert':
      return ['Nothing is asked of you: the revert goes on by itself and is not given up.'];
    case 'revert-incomplete':
      return [
        'It is tried again by itself. On the database host, with or without Temporal:',
        codeBlock(`knowngood rescue ${target} --show\nknowngood rescue ${target} --revert`),
      ];
    case 'closed':
      return [
        ...(outcome === 'reverted' ? ['Mend your source too: what put this configuration there may do so again.'] : []),
        `The report, with everything that was measured: ${codeSpan(`knowngood report ${target}:${changeId} --html report.html`)}`,
      ];
    default:
      return [];
  }
}
