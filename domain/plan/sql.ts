/** The `sql` part of a change: what will be run, in which transactions, and every reason to refuse it. */
import { suggestion } from '../nearest.ts';
import type { PlanItem } from '../plan.ts';
import type { Problem } from '../problem.ts';
import { holdsLiteralSecret } from '../secrets.ts';
import { type Covered, judge } from '../sql/coverage.ts';
import { holdsSecret } from '../conf/settings.ts';
import type { ParsedSql, PlanContext } from './context.ts';
import { notAllowed, secretLiteral } from './settings.ts';

/** One transaction. A database that is named again after another one gets another, so that the order stands. */
export interface SqlRun {
  readonly database: string;
  readonly statements: readonly string[];
}

export interface SqlPlanned {
  readonly runs: readonly SqlRun[];
  readonly items: readonly PlanItem[];
  readonly warnings: readonly string[];
  readonly problems: readonly Problem[];
}

export function planSql(context: PlanContext): SqlPlanned {
  const { allowed, parsed } = context.sql;
  if (parsed.length === 0) return { runs: [], items: [], warnings: [], problems: [] };
  const problems: Problem[] = allowed ? [] : [notAllowedHere];
  const items: PlanItem[] = [];
  const warnings: string[] = [];
  parsed.forEach((entry, i) => {
    const where = `sql[${i}]`;
    problems.push(...databaseProblems(context, entry, where));
    const judged = judgeOne(context, entry, where);
    if (!('kind' in judged)) return void problems.push(...judged);
    const { section, action, effect, powers } = judged;
    items.push({ key: `sql:${i}`, section, action, effect, summary: `${entry.database}: ${oneLine(entry.statement)}` });
    warnings.push(...powers.map((power) => `${where} gives ${power}`));
  });
  return { runs: runsOf(parsed), items, warnings, problems };
}

/** As somebody would type it; '' without SQL. */
export function sqlDiff(
  runs: readonly { readonly database: string | null; readonly statements: readonly string[] }[],
): string {
  return runs
    .map(({ database, statements }) =>
      [
        database === null ? '+++ SQL for all databases' : `+++ SQL in database ${database}`,
        ...statements.flatMap((one) => `${one};`.split('\n').map((line) => `+${line}`)),
        '',
      ].join('\n'),
    )
    .join('');
}

function judgeOne(
  context: PlanContext,
  { statement, statements }: ParsedSql,
  where: string,
): Covered | readonly Problem[] {
  if (typeof statements === 'string')
    return [{ code: 'sql-syntax', message: `${where}: ${statements}`, hint: 'PostgreSQL 18 does not understand it.' }];
  const [one] = statements;
  if (one === undefined || statements.length !== 1)
    return [
      {
        code: 'sql-not-one',
        message: `${where}: holds ${statements.length === 0 ? 'no statement' : `${statements.length} statements`}`,
        hint: 'Give each statement an entry of its own.',
      },
    ];
  const judged = judge(one, where);
  if (judged.kind === 'refused') return [judged.problem];
  if ('CreateRoleStmt' in one && !context.sql.mayCreateRoles)
    return [
      {
        code: 'role-not-revertible',
        message: `${where}: the agent's role cannot take back a role that it creates`,
        detail: 'The server makes its creator a member with the ADMIN option, and lets only a superuser revoke that.',
        hint: 'Create the role as a superuser, by a command of the agent or of your own.',
      },
    ];
  if (holdsLiteralSecret(statement)) return [secretLiteral(where)];
  const problems = judged.settings.flatMap((name): Problem[] => {
    const refusal = notAllowed(context, name, ` (${where})`);
    return [
      ...(refusal === null ? [] : [refusal]),
      ...(holdsSecret(name) ? [secretLiteral(`${where}: setting "${name}"`)] : []),
    ];
  });
  return problems.length > 0 ? problems : judged;
}

function databaseProblems({ sql }: PlanContext, { database }: ParsedSql, where: string): readonly Problem[] {
  const why = sql.databases.get(database);
  if (why === null) return [];
  if (why !== undefined)
    return [
      {
        code: 'database-not-covered',
        message: `${where}: database "${database}" is not covered by a snapshot`,
        detail: why,
      },
    ];
  const hint = suggestion(database, [...sql.databases.keys()]);
  return [
    {
      code: 'unknown-database',
      message: `${where}: database "${database}" does not exist`,
      ...(hint === undefined ? {} : { hint }),
    },
  ];
}

function runsOf(parsed: readonly ParsedSql[]): readonly SqlRun[] {
  const runs: { database: string; statements: string[] }[] = [];
  for (const { database, statement } of parsed) {
    const last = runs.at(-1);
    const text = statement.trim().replace(/;$/, '').trimEnd();
    if (last?.database === database) last.statements.push(text);
    else runs.push({ database, statements: [text] });
  }
  return runs;
}

/** Summaries travel in workflow history; the whole text stands in the diff and in the plan. */
const longestShown = 300;

function oneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ').replace(/ ?;$/, '');
  return line.length <= longestShown ? line : `${line.slice(0, longestShown)} …`;
}

const notAllowedHere: Problem = {
  code: 'sql-not-allowed',
  message: 'SQL may not be run from afar',
  detail: 'It can give anybody everything.',
  hint: 'If this agent may run the SQL of a change, set allow.sql: true in its agent.yaml.',
};
