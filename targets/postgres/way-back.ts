/** What of an earlier snapshot goes back, as files and by SQL, without letting anybody in again who is on the list. */
import type { NeverReopen } from '../../domain/never-reopen.ts';
import { onlyOf } from '../../domain/plan/only.ts';
import { type SqlRestore, planSqlRestore } from '../../domain/plan/restore-sql.ts';
import type { Problem } from '../../domain/problem.ts';
import { closeRoles } from '../../domain/revert/closed-roles.ts';
import { type FileDecision, planRevertFiles } from '../../domain/revert/plan.ts';
import { type FileSet, isAccessFile } from '../../domain/snapshot/files.ts';
import type { Sections } from '../../domain/snapshot.ts';
import type { Captured, ChangeStep, Target } from '../target.ts';
import { closeFiles } from './keep-closed.ts';
import type { Parts } from './parts.ts';

export interface Restoring {
  /** As it is now. */
  readonly before: Captured;
  readonly wanted: Captured;
  /** Right after the change that is taken back; null: whatever is otherwise now goes back. */
  readonly change: Captured | null;
  /** Its files. */
  readonly changed: FileSet | null;
  /** The files in question of both. */
  readonly old: FileSet;
  readonly live: FileSet;
  /** Of files that need not be there. */
  readonly absent: readonly string[];
  readonly restore: Parameters<Target['planRestore']>[2];
  readonly neverReopen: NeverReopen;
}

export interface WayBack {
  readonly decisions: readonly FileDecision[];
  readonly sql: SqlRestore;
  /** Its statements, each with its database. */
  readonly entries: readonly { readonly database: string; readonly statement: string }[];
  /** Whose access is known for certain: null where only a part goes back. */
  readonly people: Sections | null;
  readonly runs: readonly ChangeStep[];
  readonly warnings: readonly string[];
}

export function wayBack(
  { endpoint }: Parts,
  { before, wanted, change, changed, old, live, absent, restore, neverReopen }: Restoring,
): WayBack {
  const { only: patterns, snapshot: snapshotId } = restore;
  const only = onlyOf(patterns);
  const isMeant = ({ path }: FileDecision): boolean => only(`file:${path}`);
  const planned = planRevertFiles({
    before: old,
    change: changed,
    live,
    changeListed: change?.facts.listed ?? null,
    listed: wanted.facts.listed,
    absent,
    merged: new Set(),
  }).filter(isMeant);
  const files = planned.map(decidedAlone);
  const closing = { before: wanted, change: before, live, list: neverReopen, id: snapshotId.slice(0, 12) };
  const { decisions, held } = closeFiles(files, closing);
  const names = neverReopen.roles.filter((name) => only(`role:${name}`));
  const closed = withClosedRoles(wanted, before, names);
  const sql = sqlBack(endpoint.database, before, closed.wanted, change, patterns);
  const texts = sql.runs.map(({ database, statements }) => ({
    database,
    statements: statements.map((one) => one.sql),
  }));
  return {
    // Rules that keep somebody out may belong into a file that nobody has asked for: then none is touched.
    decisions: decisions.every(isMeant) ? decisions : files.filter(({ role }) => !isAccessFile(role)),
    sql,
    entries: texts.flatMap(({ database, statements }) => statements.map((statement) => ({ database, statement }))),
    people: patterns === undefined ? (closed.wanted.snapshot?.sections ?? null) : null,
    runs: texts.map((run) => ({ do: 'sql', ...run, restoring: true })),
    warnings: [
      ...[...held, ...closed.held].map(({ message }) => `stays closed: ${message}`),
      ...planned.filter(isLost).map(({ path }) => `${path}: what somebody else has changed there since goes, too`),
    ],
  };
}

const isLost = ({ decision }: FileDecision): boolean => decision === 'conflict-restored';

/** A change keeps nobody's version beside: it can be taken back itself. */
function decidedAlone(decision: FileDecision): FileDecision {
  const { path, role, want } = decision;
  return isLost(decision) ? { path, role, want, decision: 'restore', keep: null } : decision;
}

function withClosedRoles(
  wanted: Captured,
  live: Captured,
  names: readonly string[],
): { readonly wanted: Captured; readonly held: readonly Problem[] } {
  if (wanted.snapshot === null || live.snapshot === null) return { wanted, held: [] };
  const { snapshot } = wanted;
  const { roles, problems } = closeRoles(snapshot.sections.roles, null, live.snapshot.sections.roles, { roles: names });
  return {
    wanted: { ...wanted, snapshot: { ...snapshot, sections: { ...snapshot.sections, roles } } },
    held: problems,
  };
}

function sqlBack(
  home: string,
  before: Captured,
  wanted: Captured,
  change: Captured | null,
  patterns: readonly string[] | undefined,
): SqlRestore {
  if (wanted.snapshot === null || before.snapshot === null)
    return { items: [], keys: [], runs: [], diff: '', warnings: ['only files are put back: SQL did not answer'] };
  return planSqlRestore(wanted.snapshot.sections, before.snapshot.sections, {
    change: change?.snapshot?.sections ?? null,
    patterns,
    home,
    secretOf: (fingerprint) => wanted.secrets?.[fingerprint] ?? null,
  });
}

/** Settings come and go between major versions: null where both are of one. */
export function otherMajor({ facts: now }: Captured, { facts: then }: Captured): Problem | null {
  const major = (versionNum: number): number => Math.floor(versionNum / 10_000);
  if (major(now.versionNum) === major(then.versionNum)) return null;
  return {
    code: 'other-version',
    message: `the snapshot is of PostgreSQL ${major(then.versionNum)}, this is ${major(now.versionNum)}`,
    detail: 'Settings come, go and change their meaning between major versions.',
    hint: 'Take what you need from "knowngood snapshot show" into a change of your own.',
  };
}
