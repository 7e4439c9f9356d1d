/** The report of a revert, from what was planned, what happened and what a new connection showed. */
import { isAccessFile } from '../../domain/snapshot/files.ts';
import type { Problem } from '../../domain/problem.ts';
import type { CarriedOver, RevertReport } from '../target.ts';
import { proofOf } from './revert-proof.ts';
import type { Activation } from './revert-activate.ts';
import { type RevertPlan, itemsOf, settingsInScope } from './revert-plan.ts';
import type { SqlBack } from './revert-sql.ts';
import type { RevertInput, Seen } from './revert.ts';
import type { WitnessProof } from './witness.ts';

export async function reportOf(
  { before, change }: RevertInput,
  plan: RevertPlan,
  problems: readonly Problem[],
  { activation, loaded, after, files, problem }: Seen,
  sql: SqlBack,
  witnesses: readonly WitnessProof[],
): Promise<RevertReport> {
  const live = after?.snapshot ?? null;
  const changed = change?.snapshot ?? null;
  const scope = settingsInScope(before, change, live);
  const proof = after === null || files === null ? null : proofOf(before, after, files, plan.decisions, scope);
  const touchesAccess = plan.decisions.some(({ role }) => isAccessFile(role));
  const server = activation.restarted ? 'the restarted server' : 'the server';
  return {
    items: [...(before.carried?.items ?? []), ...itemsOf(plan, before, changed, null), ...sql.items],
    conflicts: [
      ...plan.decisions
        .filter(({ decision }) => decision.startsWith('conflict'))
        .map(({ path, note }) => `${path}: ${note ?? 'somebody else changed it too'}`),
      ...(proof?.conflicts ?? []),
      ...sql.conflicts,
    ],
    remaining: [
      ...problems,
      ...activation.problems,
      ...(problem === null ? [] : [unseen(problem)]),
      ...(loaded || after === null ? [] : [notLoaded]),
      ...(proof?.remaining ?? []),
      ...sql.remaining,
      ...(before.carried !== undefined && before.snapshot === null ? [filesOnly] : []),
    ],
    proof: [
      ...(before.carried === undefined ? [] : carriedLines(before.carried)),
      ...wayLine(plan, activation),
      ...(loaded ? [`configuration: ${server} loaded it after the request, seen on a new connection`] : []),
      ...(proof?.lines ?? []),
      ...sql.proof,
      ...witnesses.filter(({ toldApart }) => touchesAccess || toldApart).map(({ line }) => line),
    ],
    held: [...plan.held, ...sql.held],
    acceptingAt: await activation.acceptingAt,
    restarted: activation.restarted,
    after,
  };
}

/** Which of the ways back were taken, and which of them failed before. */
function wayLine({ decisions }: RevertPlan, { tried }: Activation): readonly string[] {
  if (tried.length === 0) return [];
  const written = decisions.filter(({ decision }) => decision !== 'nothing').length;
  const files = written === 1 ? '1 file put back' : `${written} files put back`;
  return [`way back: files: ${files}; ${tried.join('; ')}`];
}

/** Lines of a proof stand in workflow history. */
const mostNamed = 20;

function carriedLines({ from, to, items }: CarriedOver): readonly string[] {
  const leftOut = items.filter(({ key, decision }) => key.startsWith('upgrade:/') && decision === 'not-revertible');
  const lines = leftOut.length === 1 ? '1 line' : `${leftOut.length} lines`;
  const howMuch = leftOut.length === 0 ? 'all of it' : `all but ${lines}`;
  const named = items.slice(0, mostNamed).map(({ summary, note }) => `upgrade: ${summary} (${note ?? ''})`);
  const more = items.length > mostNamed ? [`upgrade: and ${items.length - mostNamed} more like these`] : [];
  return [`upgrade: the configuration of PostgreSQL ${from} is carried over to ${to}, ${howMuch}`, ...named, ...more];
}

/** Its files let the agent in again; roles, grants and values are looked at by the next attempt. */
const filesOnly: Problem = {
  code: 'files-only',
  message: 'the new server could not be asked before its files were put back',
  detail: 'Settings, roles and grants are still to be compared.',
};

function unseen({ message, detail, hint }: Problem): Problem {
  return {
    code: 'not-proven',
    message: 'the restored configuration could not be seen on a new connection',
    detail: [message, detail].filter(Boolean).join(': '),
    ...(hint === undefined ? {} : { hint }),
  };
}

const notLoaded: Problem = {
  code: 'not-loaded',
  message: 'the server has not loaded its configuration since the files were restored',
  hint: 'Its log says why.',
};
