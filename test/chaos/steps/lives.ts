/**
 * The lives of a change that between them take every durable step; each is a scenario without a fault of its own.
 * What is kept is there in the next life: a file that is new each time is in one that is reverted.
 */
import type { Scenario } from '../scenario.ts';

type Life = Omit<Scenario, 'seed' | 'index' | 'value'>;

const calm = { pauseMs: 20, pipeline: 'says so', abort: null, faults: [] } as const;
/** Slow enough that the lease, which is written when a quarter of it has passed, is written meanwhile. */
const slow = { ...calm, pauseMs: 600 } as const;

export const lives: Readonly<Record<string, Life>> = {
  'config, kept': { ...calm, kind: 'config', parts: ['setting', 'file', 'hba', 'grant'] },
  'config, reverted': { ...calm, kind: 'config', parts: ['setting', 'file', 'new-file', 'grant', 'hba-lockout'] },
  'command, kept': { ...slow, kind: 'command', parts: ['setting', 'file', 'limit'] },
  'command, reverted': { ...calm, kind: 'command', parts: ['file', 'hba', 'revoke-lockout'] },
  'external, kept': { ...slow, kind: 'external', parts: ['setting', 'hba', 'limit'] },
  'external, its pipeline dies': { ...calm, kind: 'external', parts: ['setting', 'file', 'hba'], pipeline: 'dies' },
  'aborted in its soak': {
    ...calm,
    kind: 'config',
    parts: ['file'],
    abort: { after: 'applied', delayMs: 300, what: 'abort' },
  },
  'reset in its soak': {
    ...calm,
    kind: 'config',
    parts: ['setting'],
    faults: [{ after: 'applied', delayMs: 500, what: { kind: 'reset', percent: 99 } }],
  },
};
