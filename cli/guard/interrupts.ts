/** Ctrl-C and its kin: a person is asked, a pipeline's signal is an abort. */
import { isCancel, select } from '@clack/prompts';
import type { Io } from '../io.ts';

export type Choice = 'abort' | 'detach';

export interface Interrupts {
  /** Resolves when a decision waits to be taken. Asking for it and looking away loses nothing. */
  pending(): Promise<void>;
  /** The oldest decision, once `pending` has resolved. */
  take(): Choice;
  /** While the wrapped command runs here, there is nothing to detach from. */
  mayDetach(may: boolean): void;
  /** Gives the signals back. */
  stop(): void;
}

export function listenForInterrupts(io: Io, onPrompt: (open: boolean) => void = () => undefined): Interrupts {
  const decided: Choice[] = [];
  const waiting = new Set<() => void>();
  let detachable = false;
  let asking = false;
  const decide = (choice: Choice): void => {
    decided.push(choice);
    for (const wake of waiting) wake();
    waiting.clear();
  };
  let told = false;
  // Told again, somebody is in a hurry: what is left goes on without us.
  const onTerm = (): void => {
    decide(told ? 'detach' : 'abort');
    told = true;
  };
  const onInt = (): void => {
    if (!io.interactive) return onTerm();
    if (asking) return;
    asking = true;
    onPrompt(true);
    void ask(detachable).then((choice) => {
      asking = false;
      onPrompt(false);
      if (choice !== 'go-on') decide(choice);
    });
  };
  // A lost terminal is no decision: the change goes on, as under nohup.
  const onHup = (): void => undefined;
  const ignore = (): void => undefined;
  process.on('SIGINT', onInt).on('SIGTERM', onTerm).on('SIGHUP', onHup);
  process.stdout.on('error', ignore);
  process.stderr.on('error', ignore);
  return {
    pending: () => (decided.length > 0 ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve))),
    take: () => decided.shift() ?? 'abort',
    mayDetach: (may) => {
      detachable = may;
    },
    stop: () => {
      process.off('SIGINT', onInt).off('SIGTERM', onTerm).off('SIGHUP', onHup);
      process.stdout.off('error', ignore);
      process.stderr.off('error', ignore);
    },
  };
}

async function ask(detachable: boolean): Promise<Choice | 'go-on'> {
  const answer = await select<Choice | 'go-on'>({
    message: 'The change is open. What now?',
    output: process.stderr,
    options: [
      { value: 'go-on', label: 'go on', hint: 'as if nothing had been pressed' },
      ...(detachable
        ? [{ value: 'detach' as const, label: 'detach', hint: 'leave; Knowngood keeps watching, and keeps or reverts' }]
        : []),
      { value: 'abort', label: 'abort', hint: 'stop, and revert what was written' },
    ],
  });
  if (!isCancel(answer)) return answer;
  return detachable ? 'detach' : 'go-on';
}
