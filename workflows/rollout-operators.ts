/** Listens to who operates a rollout: validators say no with the reason, as those of a change do. */
import { defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import { isProblem, type OperatorInput, parseOperatorInput } from '../domain/operator-input.ts';
import type { Problem } from '../domain/problem.ts';
import type { RolloutView } from '../domain/rollout/details.ts';
import { type RolloutWord, rolloutWords } from '../domain/rollout/state.ts';
import { saying } from './decisions.ts';
import { harmless, refusal } from './refusal.ts';
import { type Rolling, possible, say, viewOf } from './rolling.ts';

const view = defineQuery<RolloutView>('view');

const descriptions: Readonly<Record<RolloutWord, string>> = {
  pause: 'Change no further target; open changes go on. Argument: "name: reason", for example "Kim: the shop is full".',
  resume: 'Go on after a pause. Argument: nothing, or "name: reason".',
  continue:
    'Begin the next wave now, or go on in spite of a halt. Argument: "name: reason", for example "Kim: looked at them".',
  undo: 'Take the change back where it was kept, the last one first. Argument: "name: reason", for example "Kim: take it back".',
  keep: 'Undo nothing more, and end. Argument: "name: reason", for example "Kim: they are fine".',
  abort: 'Revert what is open, and halt. Argument: "name: reason", for example "Kim: customers complain".',
};

export function listenToRollout(flow: Rolling): void {
  setHandler(view, () => viewOf(flow), { description: 'The state of this rollout as JSON.' });
  for (const word of rolloutWords) {
    const act = (input: unknown): string => {
      say(flow, word, saying(spokenBy(input)));
      return `${word}: recorded`;
    };
    setHandler(defineUpdate<string, [unknown?]>(word), act, {
      description: descriptions[word],
      validator: (input?: unknown) => {
        const no = refuse(flow, word, input);
        if (no) throw refusal(no);
      },
    });
    setHandler(
      defineSignal<[unknown?]>(word),
      harmless((input) => {
        if (refuse(flow, word, input) === null) act(input);
      }),
      { description: descriptions[word] },
    );
  }
}

function spokenBy(input: unknown): { readonly who: string; readonly why: string } {
  const { who, why } = parseOperatorInput(input) as OperatorInput;
  return { who: who ?? 'an operator', why };
}

function refuse(flow: Rolling, word: RolloutWord, input: unknown): Problem | null {
  const parsed = parseOperatorInput(input);
  if (isProblem(parsed)) return parsed;
  if (parsed.signed !== undefined)
    return { code: 'signature-not-asked', message: `only an approval is signed, ${word} is not` };
  if (parsed.changeId !== null && parsed.changeId !== flow.request.rolloutId)
    return { code: 'wrong-rollout', message: `this rollout is ${flow.request.rolloutId}, not ${parsed.changeId}` };
  const words = possible(flow);
  if (words.includes(word)) return null;
  return {
    code: 'wrong-phase',
    message: `${word} has no effect now`,
    detail: `The rollout is in phase ${flow.phase()}.`,
    hint: words.length > 0 ? `Possible now: ${words.join(', ')}.` : 'Nothing can be decided any more.',
  };
}
