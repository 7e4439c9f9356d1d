/** What must hold when everything has come to rest, whatever happened before. */
import type { ChangeRow } from '../../store/store.ts';
import { openLocks } from '../../agent/locks.ts';
import { neverArmed } from '../../domain/agent-steps.ts';
import type { ClosedRecord } from '../../domain/journal.ts';
import { findPlanted } from '../integration/planted.ts';
import { type Configuration, configurationOf, differences, notLoaded } from './configuration.ts';
import { harmful, type Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';
import { openJournal } from './target-state.ts';

export interface Ended {
  readonly before: Configuration;
  readonly expected: Configuration;
  readonly closed: ClosedRecord | null;
  readonly row: ChangeRow | null;
  /** Status of the newest run. */
  readonly workflow: string;
}

/** One line a violation; empty: all is well. */
export async function violations(stage: Stage, scenario: Scenario, ended: Ended): Promise<readonly string[]> {
  const found = await configurationOf(stage.target);
  return [
    ...stateOf(ended, found),
    ...recorded(scenario, ended),
    ...(await notLoaded(stage.target)).map((line) => `not in force: ${line}`),
    ...(await locked(stage)),
    ...findPlanted(stage.planted, stage.logs()).map((line) => `secret: ${line}`),
  ];
}

function stateOf({ before, expected, closed }: Ended, found: Configuration): readonly string[] {
  const kept = closed?.phase === 'confirmed';
  const [wanted, name] = kept ? [expected, 'C'] : [before, 'S'];
  return differences(wanted, found).map((line) => `configuration is not ${name}: ${line}`);
}

function recorded(scenario: Scenario, { closed, row, workflow }: Ended): readonly string[] {
  const touched = closed !== null && closed.by !== neverArmed;
  if (
    touched &&
    closed.phase === 'confirmed' &&
    scenario.parts.some((part) => (harmful as readonly string[]).includes(part))
  )
    return [`kept although the dependent was locked out (${closed.reason})`];
  if (row === null) return touched ? [`${closed.phase} on the target, and the store has no such change`] : [];
  if (row.outcome === null)
    return [`no outcome in the store; on the target ${closed?.phase ?? 'nothing'}, workflow ${workflow}`];
  const said = row.outcome;
  const true_ = touched ? (closed.phase === 'confirmed' ? ['kept'] : [closed.phase]) : ['rejected', 'aborted'];
  return (true_ as readonly string[]).includes(said)
    ? []
    : [
        `the store says ${said} (${row.result?.summary ?? ''}), on the target it is ${closed?.phase ?? 'untouched'} by ${closed?.by ?? '–'}`,
      ];
}

/** Free is what can be taken; that a dead process left its card is no matter. */
async function locked(stage: Stage): Promise<readonly string[]> {
  const open = openJournal(stage.stateDir);
  const journal = open === null ? [] : [`the journal of ${open.changeId} is open in phase ${open.phase}`];
  const locks = openLocks(stage.stateDir, 'chaos');
  try {
    const taken = await Promise.all(
      ['journal.lock', 'writer.lock'].map(async (name) => {
        const lock = await locks.take(name, 2_000);
        if (lock.kind === 'taken') return [`${name} is held by ${lock.by.what} (process ${lock.by.pid})`];
        lock.release();
        return [];
      }),
    );
    return [...journal, ...taken.flat()];
  } finally {
    locks.close();
  }
}
