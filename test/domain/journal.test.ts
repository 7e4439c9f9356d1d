import { describe, expect, it } from '@jest/globals';
import {
  type ClosedRecord,
  type Journal,
  appliedAs,
  applying,
  closedAs,
  commandEnded,
  commandStarting,
  fromPreviousGeneration,
  gate,
  mayWrite,
  reverting,
  revertTakenBy,
} from '../../domain/journal.ts';
import type { JournalPhase } from '../../domain/phase.ts';
import { aJournal } from '../support/state.ts';

const closed: ClosedRecord = {
  changeId: 'upgrade',
  phase: 'reverted',
  by: 'x',
  reason: 'cancelled',
  snapshotId: null,
  at: 0,
};
const aRevert = { reason: 'check-failed', by: 'workflow', at: 1, pipelineUnfinished: false } as const;
const applied = {
  snapshotId: 'c',
  acceptingAt: 1,
  restarted: false,
  plan: { hash: '', items: [], moreItems: 0, effect: 'reload', risk: 'low', diff: '', warnings: [] },
  exitCode: null,
} as const;
const command = { name: 'upgrade', pgid: 5, startTicks: 1, bootId: 'a', exitCode: null };

describe('the gate', () => {
  for (const [name, journal, end, caller, want] of [
    ['is free without a journal', null, null, ['upgrade', 'run-2'], 'free'],
    ['is free once the last change is over', aJournal({ phase: 'reverted' }), null, ['other', 'run-9'], 'free'],
    ['is open to the owner', aJournal(), null, ['upgrade', 'run-2'], 'open'],
    ['is open to a run never seen before', aJournal(), null, ['upgrade', 'run-3'], 'open'],
    ['is closed to a past owner for ever', aJournal(), null, ['upgrade', 'run-1'], 'stale'],
    ['is busy for another change', aJournal(), null, ['other', 'run-2'], 'busy'],
    ['tells the end of a closed change', null, closed, ['upgrade', 'run-2'], 'closed'],
    ['tells the end although the journal still says open', aJournal(), closed, ['upgrade', 'run-2'], 'closed'],
  ] as const) {
    it(name, () => expect(gate(journal, end, { changeId: caller[0], runId: caller[1] }).kind).toBe(want));
  }

  it('leaves the journal of its owner as it is', () => {
    const journal = aJournal();
    expect(gate(journal, null, { changeId: 'upgrade', runId: 'run-2' })).toEqual({
      kind: 'open',
      journal,
      takenOver: false,
    });
  });

  it('fences the owner that a new run takes over from', () => {
    const at = gate(aJournal(), null, { changeId: 'upgrade', runId: 'run-3' });
    if (at.kind !== 'open') throw new Error(at.kind);
    expect(at).toMatchObject({
      takenOver: true,
      journal: { owner: 'run-3', pastOwners: ['run-1', 'run-2'], epoch: 5 },
    });
    expect(mayWrite(at.journal, aJournal())).toBe(false);
    expect(gate(at.journal, null, { changeId: 'upgrade', runId: 'run-2' }).kind).toBe('stale');
  });
});

describe('steps', () => {
  const inPhase = (phase: JournalPhase): Journal => aJournal({ phase });

  it('apply follows on arm, and says so before the first write', () => {
    expect(applying(inPhase('armed'))).toMatchObject({ phase: 'applying', touched: true });
  });

  it('apply follows on nothing else', () => {
    for (const phase of ['applying', 'applied', 'reverting', 'reverted', 'confirmed', 'abandoned'] as const)
      expect(() => applying(inPhase(phase))).toThrow();
  });

  it('what a pipeline did is taken from armed, what the agent did from applying', () => {
    expect(appliedAs(aJournal({ changeKind: 'external' }), applied, 'c').phase).toBe('applied');
    expect(appliedAs(inPhase('applying'), applied, 'c').refs).toEqual({ baseline: 'b', change: 'c' });
    expect(() => appliedAs(inPhase('armed'), applied, 'c')).toThrow();
  });

  it('each one is the next epoch, and none but the next', () => {
    const epochs = [
      applying(inPhase('armed')),
      appliedAs(inPhase('applying'), applied, 'c'),
      reverting(inPhase('applied'), aRevert),
      revertTakenBy(aJournal({ phase: 'reverting', revert: aRevert }), aRevert),
      closedAs(inPhase('applied'), 'confirmed'),
      closedAs(inPhase('reverting'), 'reverted'),
    ].map(({ epoch }) => epoch);
    expect(new Set(epochs)).toEqual(new Set([aJournal().epoch + 1]));
  });

  it('what a pipeline did may have touched everything', () => {
    expect(appliedAs(aJournal({ changeKind: 'external' }), applied, 'c').touched).toBe(true);
  });

  it('the end of a command is kept beside its start; of one that never started nothing is', () => {
    expect(commandEnded(inPhase('applying'), 3).command).toBeNull();
    expect(commandEnded(aJournal({ command }), 3).command).toEqual({ ...command, exitCode: 3 });
  });

  it('a command is journaled once', () => {
    const started = commandStarting(inPhase('applying'), command);
    expect(() => commandStarting(started, command)).toThrow();
  });

  it('only what is applied is confirmed', () => {
    expect(closedAs(inPhase('applied'), 'confirmed').phase).toBe('confirmed');
    for (const phase of ['armed', 'applying', 'reverting', 'reverted'] as const)
      expect(() => closedAs(inPhase(phase), 'confirmed')).toThrow();
  });

  it('an end is final', () => {
    for (const phase of ['reverted', 'confirmed', 'abandoned'] as const) {
      expect(() => closedAs(inPhase(phase), 'reverted')).toThrow();
      expect(() => reverting(inPhase(phase), aRevert)).toThrow();
    }
  });

  it('every step but the learning of a pipeline voids the tokens that were given before it', () => {
    const armed = inPhase('armed');
    const steps = [armed, applying(armed)];
    steps.push(appliedAs(steps[1] ?? armed, applied, 'c'));
    steps.push(reverting(steps[2] ?? armed, aRevert));
    steps.push(revertTakenBy(steps[3] ?? armed, { ...aRevert, by: 'rescue' }));
    for (const [index, journal] of steps.entries())
      for (const [other, token] of steps.entries()) expect(mayWrite(journal, token)).toBe(index === other);
  });
});

describe('a revert that runs already', () => {
  const running = reverting(aJournal({ phase: 'applied' }), { ...aRevert, pipelineUnfinished: true });

  it('keeps its reason', () => {
    expect(reverting(running, { ...aRevert, reason: 'cancelled', pipelineUnfinished: true })).toBe(running);
  });

  it('learns that the pipeline has ended, and goes on with the same token', () => {
    const learned = reverting(running, aRevert);
    expect(learned.revert).toMatchObject({ reason: 'check-failed', pipelineUnfinished: false });
    expect(mayWrite(learned, running)).toBe(true);
  });

  it('takes a reason where its journal knows none', () => {
    expect(reverting(aJournal({ phase: 'reverting' }), aRevert).revert).toEqual(aRevert);
  });

  it('begins with whoever takes it before anybody did, and never after an end', () => {
    expect(revertTakenBy(aJournal({ phase: 'applied' }), aRevert)).toMatchObject({
      phase: 'reverting',
      revert: aRevert,
    });
    expect(() => revertTakenBy(aJournal({ phase: 'reverted' }), aRevert)).toThrow();
  });

  it('is the taker’s, with the taker’s reason', () => {
    const taken = { ...aRevert, reason: 'rescued-on-host', by: 'rescue' } as const;
    expect(revertTakenBy(running, taken).revert).toEqual(taken);
  });

  it('does not unlearn it', () => {
    const learned = reverting(running, aRevert);
    expect(reverting(learned, { ...aRevert, pipelineUnfinished: true })).toBe(learned);
  });
});

describe('the generation before', () => {
  it('never lets a step be done twice: what was armed may have been applying', () => {
    expect(fromPreviousGeneration(aJournal())).toMatchObject({ phase: 'applying', touched: true });
  });

  it('leaves an external change armed, because the agent writes nothing for it', () => {
    expect(fromPreviousGeneration(aJournal({ changeKind: 'external' })).phase).toBe('armed');
  });

  it('honours no token of the lost one', () => {
    const lost = applying(aJournal());
    expect(mayWrite(fromPreviousGeneration(aJournal()), lost)).toBe(false);
  });

  it('leaves an end as it is', () => {
    const end = aJournal({ phase: 'reverted' });
    expect(fromPreviousGeneration(end)).toBe(end);
  });

  it('is ahead of every token that the lost one can have given', () => {
    expect(fromPreviousGeneration(aJournal()).epoch).toBeGreaterThanOrEqual(aJournal().epoch + 1_000);
  });
});
