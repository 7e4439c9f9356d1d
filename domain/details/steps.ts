/** What a person can do now: the exact Update or Signal, with an argument to copy. */
import type { DetailsView } from './details.ts';
import { codeBlock } from '../markdown.ts';
import { phases, type Phase } from '../phase.ts';

type Word = 'approve' | 'reject' | 'abort' | 'confirm' | 'extend' | 'abandon' | 'acknowledge';

interface Step {
  readonly does: string;
  /** The whole argument, one JSON string: the dialog sends one payload, and an object costs a lost click. */
  readonly example: string;
}

const untouched = new Set<Phase>(phases.slice(0, phases.indexOf('apply')));

function stepOf(word: Word, phase: Phase): Step {
  switch (word) {
    case 'approve':
      return { does: 'lets the change go ahead', example: '"anna: read the diff, looks right"' };
    case 'reject':
      return { does: 'ends it, nothing touched', example: '"anna: not before the weekend"' };
    case 'abort':
      return untouched.has(phase)
        ? { does: 'ends it, nothing touched', example: '"anna: wrong window"' }
        : { does: 'reverts the change', example: '"anna: customers complain"' };
    case 'confirm':
      return { does: 'keeps the change', example: '"anna: checked by hand"' };
    case 'extend':
      return { does: 'moves the deadline', example: '"10m: waiting for the caches"' };
    case 'acknowledge':
      return { does: 'you take it: nobody else is called', example: '"anna: I am on the host"' };
    case 'abandon':
      return { does: 'stops trying; the server stays as it is, for a person', example: '"anna: repairing by hand"' };
  }
}

const byPhase: Readonly<Partial<Record<Phase, readonly Word[]>>> = {
  snapshot: ['abort'],
  baseline: ['abort'],
  preflight: ['abort'],
  approve: ['approve', 'reject'],
  arm: ['abort'],
  apply: ['abort'],
  watch: ['abort', 'extend'],
  hold: ['confirm', 'abort', 'extend'],
  confirm: ['confirm', 'abort', 'extend'],
  'revert-incomplete': ['abandon'],
};

const isWord = (word: string): word is Word =>
  ['approve', 'reject', 'abort', 'confirm', 'extend', 'abandon', 'acknowledge'].includes(word);

function wordsOf({ phase, possible, allowEarlyConfirm }: DetailsView): readonly Word[] {
  if (possible !== undefined) return possible.filter(isWord);
  const words = byPhase[phase] ?? [];
  return phase === 'watch' && allowEarlyConfirm === true ? [...words, 'confirm'] : words;
}

export function nextSteps(view: DetailsView): string {
  const words = wordsOf(view);
  const notes = notesOf(view);
  if (words.length === 0 && notes.length === 0) return '';
  const how = '*More actions → Send an Update*, choose the name, paste the argument (the words are yours to change):';
  return [
    '### What you can do',
    ...notes,
    ...(words.length === 0 ? [] : [how]),
    ...words.map((word) => {
      const { does, example } = stepOf(word, view.phase);
      return `**${word}** ${does}:\n\n${codeBlock(example, 'json')}`;
    }),
  ].join('\n\n');
}

function notesOf({ phase, approvals, changeKind, target, outcome }: DetailsView): readonly string[] {
  switch (phase) {
    case 'approve':
      return [
        `Approvals: **${approvals.given} of ${approvals.needed}**. Silence is safe: without them nothing is applied.`,
      ];
    case 'apply':
      return changeKind === 'external'
        ? ['The pipeline is at work; it says `applied` or `failed` when it is done.']
        : [];
    case 'revert':
      return ['Nothing is asked of you: the revert goes on by itself and is not given up.'];
    case 'revert-incomplete':
      return [
        'It is tried again by itself. On the database host, with or without Temporal:',
        codeBlock(`knowngood rescue ${target} --show\nknowngood rescue ${target} --revert`),
      ];
    case 'closed':
      return outcome === 'reverted' ? ['Mend your source too: what put this configuration there may do so again.'] : [];
    default:
      return [];
  }
}
