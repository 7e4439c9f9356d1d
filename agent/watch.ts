/** What the agent does without being asked: run the lease's clocks, ask Temporal, go on with a revert, send the spool. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Journal, isFinal } from '../domain/journal.ts';
import { messageOf } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import type { Contact } from './contact.ts';
import { createKeepWays } from './keep-ways.ts';
import { isOpenChange } from './state-folder.ts';

/** What the workflow asked for itself is told only when no step of it waits for the answer any more. */
const answeredWithinMs = 10_000;

const tickMs = 500;
const lookEveryMs = 5_000;
/** Of a short lease: one look that is lost or slow must not end it. */
const looksInOneLease = 4;
const spoolEveryMs = 30_000;
const tidyEveryMs = 3_600_000;
const lastLooksMs = 2_000;

export function startWatch(parts: AgentParts, contact: Contact): { stop(): Promise<void> } {
  const { state, leases, reverter, clock, log } = parts;
  let lastTrouble = '';
  let lastLook = -lookEveryMs;
  let announced = '';
  const keepWays = createKeepWays(parts);

  function tick(): void {
    const journal = state.journal.read();
    if (!isOpenChange(state, journal)) return;
    if (journal.phase === 'reverting') return reverter.keepGoing();
    const why = leases.expired(journal);
    if (why === null) return;
    // Nobody is left who could say that the pipeline has ended.
    const pipelineUnfinished = journal.changeKind === 'external' && journal.phase === 'armed';
    const revert = { reason: 'contact-lost', by: `agent: ${why}`, at: clock.now().wallMs, pipelineUnfinished } as const;
    guard(reverter.begin(journal.changeId, revert));
  }

  async function look(): Promise<void> {
    const journal = state.journal.read();
    const open = isOpenChange(state, journal);
    const now = clock.now().monotonicMs;
    if (now - lastLook < (open ? Math.min(lookEveryMs, journal.policy.leaseMs / looksInOneLease) : lookEveryMs)) return;
    lastLook = now;
    if (!open) return announce(journal);
    if (journal.phase === 'reverting') return;
    await leases.saw(journal, await contact.look(journal.workflowId));
  }

  /** The workflow may be in the middle of a long soak, and learns of the end only when it asks. */
  async function announce(journal: Journal | null): Promise<void> {
    if (journal === null || journal.changeId === announced) return;
    const closed = state.closed.read(journal.changeId);
    const known = closed === null || closed.phase === 'confirmed';
    // The workflow that asked for it has its answer by then, unless it pauses between two attempts.
    const late = closed !== null && (closed.by !== 'workflow' || clock.now().wallMs - closed.at > answeredWithinMs);
    if (known || (late && (await contact.tellClosed(journal.workflowId)))) announced = journal.changeId;
  }

  async function tidy(): Promise<void> {
    const journal = state.journal.read();
    const named = new Set([...namedBy(journal), ...(await parts.spool.refs())]);
    await state.bodies.tidy(named, clock.now().wallMs);
    await state.closed.tidy(clock.now().wallMs);
  }

  /** The clocks must not stop for an unforeseen error; it is said once, not twice a second. */
  function guard(work: Promise<void>): void {
    work.then(
      () => undefined,
      (error: unknown) => trouble(error),
    );
  }

  function trouble(error: unknown): void {
    const text = messageOf(error);
    if (text !== lastTrouble) log.warn(text);
    lastTrouble = text;
  }

  async function keep(): Promise<void> {
    const journal = state.journal.read();
    await keepWays(isOpenChange(state, journal) ? journal : null);
  }

  const [looking, keeping] = [oneAtATime(look), oneAtATime(keep)];
  const every = [
    [tickMs, (): void => tick()],
    [tickMs, looking.begin],
    [tickMs, keeping.begin],
    [spoolEveryMs, (): void => guard(parts.spool.flush())],
    [tidyEveryMs, (): void => guard(tidy())],
  ] as const;
  const timers = every.map(([ms, work]) =>
    setInterval(() => {
      try {
        work();
      } catch (error) {
        trouble(error);
      }
    }, ms),
  );
  // The first of each at once: what is overdue at the start is overdue now.
  for (const [, work] of every) {
    try {
      work();
    } catch (error) {
      trouble(error);
    }
  }
  return {
    async stop() {
      for (const timer of timers) clearInterval(timer);
      // A look may write the journal, and is over within seconds. A frozen server keeps the other for half a minute.
      await looking.running();
      await Promise.race([keeping.running(), sleep(lastLooksMs, undefined, { ref: false })]);
    },
  };

  /** Skipped while it still runs. */
  function oneAtATime(work: () => Promise<void>): { begin(): void; running(): Promise<void> | null } {
    let running: Promise<void> | null = null;
    return {
      begin: () =>
        void (running ??= work()
          .catch(trouble)
          .finally(() => (running = null))),
      running: () => running,
    };
  }
}

function namedBy(journal: Journal | null): readonly string[] {
  if (journal === null || isFinal(journal.phase)) return [];
  return journal.refs.change === null ? [journal.refs.baseline] : [journal.refs.baseline, journal.refs.change];
}
