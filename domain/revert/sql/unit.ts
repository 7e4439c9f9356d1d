/** What a revert does by SQL: units that succeed or fail as one, in the order in which they are run. */
import type { RevertItem } from '../../plan.ts';
import type { Problem } from '../../problem.ts';

export interface Statement {
  readonly sql: string;
  /** For people: secrets replaced. */
  readonly shown: string;
}

/** The order within a transaction: what decides access first, and what others build upon before them. */
export const ranks = {
  createRole: 0,
  role: 1,
  database: 2,
  membership: 3,
  roleSettings: 4,
  tablespace: 5,
  parameter: 6,
  /** Last: it may be the agent's own. */
  lessSuperuser: 7,
  schema: 10,
  relation: 11,
  sequence: 12,
  type: 13,
  routine: 14,
  otherObject: 15,
  column: 16,
  defaultAcl: 17,
  rowSecurity: 18,
  policy: 19,
  note: 20,
} as const;
export type Rank = (typeof ranks)[keyof typeof ranks];

export interface SqlUnit {
  /** The same in every plan of one revert. */
  readonly id: string;
  /** null: shared by all databases. */
  readonly database: string | null;
  readonly rank: Rank;
  /** One an item of the snapshot; they share the statements. */
  readonly items: readonly RevertItem[];
  /** Empty: nothing is to be done. */
  readonly statements: readonly Statement[];
  /** What the agent's role lacks when it may not; `$agent` stands for that role. */
  readonly needs: string;
  /** Why it cannot be put back though it should be. */
  readonly problem: Problem | null;
  /** Without an entry since the change: as it was made, or gone together with the extension or table that made it. */
  readonly mayBeGone: boolean;
  /** One phrase each. */
  readonly conflicts: readonly string[];
}

export function statement(sql: string, shown: string = sql): Statement {
  return { sql, shown };
}

/** Long enough for a DBA to know it, short enough for a history of a hundred of them. */
const longestSummary = 240;

export interface UnitParts {
  readonly key: string;
  readonly section: RevertItem['section'];
  /** As people call it: `role app`, `table shop.public.orders`. */
  readonly name: string;
  readonly database: string | null;
  readonly rank: Rank;
  readonly statements: readonly Statement[];
  readonly effect?: RevertItem['effect'];
  readonly needs: string;
  readonly conflicts?: readonly string[];
  readonly note?: string;
  readonly problem?: Problem | null;
  readonly mayBeGone?: boolean;
  readonly decision?: RevertItem['decision'];
}

export function unit(parts: UnitParts): SqlUnit {
  const {
    key,
    section,
    name,
    database,
    rank,
    statements,
    needs,
    conflicts = [],
    problem = null,
    mayBeGone = false,
  } = parts;
  const todo = statements.length > 0;
  const decision: RevertItem['decision'] =
    parts.decision ??
    (conflicts.length > 0 ? (todo ? 'conflict-restored' : 'conflict-kept') : todo ? 'restore' : 'nothing');
  const note = [...conflicts, ...(parts.note === undefined ? [] : [parts.note])].join('; ');
  const text = statements.map(({ shown }) => `${shown};`).join(' ');
  return {
    id: [database ?? '', rank, key].join(' '),
    database,
    rank,
    items: [
      {
        key,
        section,
        action: todo ? 'set' : 'none',
        effect: todo ? (parts.effect ?? 'none') : 'none',
        summary: todo ? shortened(text) : `${name}: ${note || (problem?.message ?? 'as it should be')}`,
        decision,
        ...(note === '' ? {} : { note }),
      },
    ],
    statements,
    needs,
    problem,
    mayBeGone,
    conflicts: conflicts.map((conflict) => `${name}: ${conflict}`),
  };
}

function shortened(text: string): string {
  return text.length <= longestSummary ? text : `${text.slice(0, longestSummary - 1)}…`;
}

export function gone(name: string, what: string): Problem {
  return {
    code: 'object-gone',
    message: `${name} is gone`,
    detail: what,
    hint: 'Make it anew if it is missed, or give the rest up with "knowngood rescue --abandon".',
  };
}
