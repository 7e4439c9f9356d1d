/** Where a rehearsal takes place: room for it, a limit of time, and nothing left of it in the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Rehearsal, type RehearsalFinding, rehearsalOf } from '../../../domain/rehearsal.ts';
import type { Captured, RehearsalLimits } from '../../target.ts';
import { TargetError, messageOf } from '../target-error.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { type Findings, openFindings, problemOf } from './findings.ts';
import { type RehearsalFolder, makeFolder, removeLeftRehearsals } from './folder.ts';
import { diskProblem } from './room.ts';

export interface Stage extends Pick<Findings, 'say' | 'sayAll'> {
  readonly binaries: Binaries;
  readonly folder: string;
  /** Aborted when the time is over, and at the end: nothing may be started from then on. */
  readonly signal: AbortSignal;
  readonly walSegmentBytes: number;
  /** Done before the folder goes, the latest first. */
  atEnd(work: () => Promise<unknown>): void;
}

/** How long an unfinished step may take to hear that its server is gone. */
const lastStepMs = 2_000;
/** Most servers have it so. */
const usualSegmentBytes = 16 * 1024 * 1024;

/** Never throws, and never leaves anything behind: what could not be done is a finding. */
export async function onStage(
  limits: RehearsalLimits,
  before: Captured,
  databases: number,
  play: (stage: Stage) => Promise<void>,
): Promise<Rehearsal> {
  const began = performance.now();
  const findings = openFindings();
  const late = tooLate(limits.timeoutMs);
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(late), limits.timeoutMs);
  const aborted = new Promise<never>((_, reject) =>
    over.signal.addEventListener('abort', () => reject(late), { once: true }),
  );
  aborted.catch(() => undefined);
  const held: Held = { folder: null, ends: [] };
  const work = set(limits, before, databases, findings, held, over.signal).then(async (stage) => stage && play(stage));
  const found: RehearsalFinding[] = [];
  try {
    await Promise.race([work, aborted]);
  } catch (error) {
    findings.say('the rehearsal', null, problemOf(error));
  } finally {
    clearTimeout(timer);
    over.abort(late);
    // What an unfinished step still has to say is about a server that is gone.
    found.push(...findings.all);
    found.push(...(await letGo(held, work)));
  }
  return rehearsalOf(found, Math.round(performance.now() - began));
}

interface Held {
  folder: RehearsalFolder | null;
  readonly ends: (() => Promise<unknown>)[];
}

/** null: nothing can be rehearsed, and it was said why. */
async function set(
  { records, folder: wanted }: RehearsalLimits,
  { facts, snapshot }: Captured,
  databases: number,
  { say, sayAll }: Findings,
  held: Held,
  signal: AbortSignal,
): Promise<Stage | null> {
  await removeLeftRehearsals(records);
  const binaries = await findBinaries(facts.dataDirectory);
  if ('code' in binaries) {
    say('the program of the server', null, binaries);
    return null;
  }
  held.folder = await makeFolder(records, wanted, binaries, signal);
  if (held.folder === null) {
    const hint = 'Name one as rehearsal.folder in agent.yaml.';
    say('the place', null, { code: 'cannot-rehearse', message: "no folder can be used by the server's user", hint });
    return null;
  }
  const segment = snapshot?.sections.settings.find(({ name }) => name === 'wal_segment_size')?.value;
  const walSegmentBytes = Number(segment) || usualSegmentBytes;
  const folder = held.folder.path;
  const noRoom = await diskProblem(folder, databases, walSegmentBytes);
  if (noRoom !== null) {
    say('the place', null, noRoom);
    return null;
  }
  return { say, sayAll, binaries, folder, signal, walSegmentBytes, atEnd: (work) => void held.ends.unshift(work) };
}

async function letGo(held: Held, work: Promise<unknown>): Promise<readonly RehearsalFinding[]> {
  try {
    for (const end of held.ends) await end().catch(() => undefined);
    // Before the folder goes: a step that is just ending may still start something, or make the folder itself.
    const ended = work.then(
      () => true,
      () => true,
    );
    const hasEnded = await Promise.race([ended, sleep(lastStepMs, false, { ref: false })]);
    if (!hasEnded) void ended.then(() => held.folder?.remove()).catch(() => undefined);
    await held.folder?.remove();
    return [];
  } catch (error) {
    const problem = {
      code: 'rehearsal-left',
      message: 'the rehearsal could not clean up',
      detail: messageOf(error),
      hint: 'The agent tries again at its next start.',
    };
    return [{ what: 'cleaning up', ok: null, problem }];
  }
}

function tooLate(timeoutMs: number): TargetError {
  const hint = 'Give it more time with rehearsal.timeout in agent.yaml.';
  const message = `the rehearsal was not over after ${timeoutMs / 1000} s`;
  return new TargetError('TargetUnreachable', [{ code: 'rehearsal-timeout', message, hint }]);
}
