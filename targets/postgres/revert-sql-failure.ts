/** Why the server refused a statement of a revert: which statement, and what would let it through. */
import pg from 'pg';
import type { Problem } from '../../domain/problem.ts';
import type { SqlUnit, Statement } from '../../domain/revert/sql/unit.ts';
import { codeOf, messageOf } from './target-error.ts';

/** Lock not available, deadlock, serialization failure; XX000 is what the loser of two GRANTs gets. */
const passing: ReadonlySet<string> = new Set(['55P03', '40P01', '40001']);

export function isPassing(error: unknown): boolean {
  return passing.has(codeOf(error) ?? '') || (codeOf(error) === 'XX000' && /tuple concurrently/.test(messageOf(error)));
}

/** Anything else that is thrown is no answer of the server's, such as a fence that closed. */
export function isRefusal(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError;
}

const undefinedObject: ReadonlySet<string> = new Set(['42P01', '42703', '42704', '42883', '3F000', '3D000']);

export function refusalOf({ needs }: SqlUnit, { shown }: Statement, error: pg.DatabaseError, agent: string): Problem {
  const refused = (code: string, hint: string): Problem => ({
    code,
    message: `the server refused: ${shortened(shown)}`,
    detail: [`${error.message} (SQLSTATE ${error.code})`, error.detail].filter(Boolean).join('. '),
    hint,
  });
  const code = error.code ?? '';
  if (code === '42501')
    return refused('insufficient-privilege', `Run it as a superuser, or: ${grantsFor(needs, agent)}`);
  if (isPassing(error)) return refused('locked', 'Somebody else holds a lock on it: it is tried again.');
  if (undefinedObject.has(code)) return refused('object-gone', 'What it names is not there any more.');
  return refused('sql-refused', "Run it by hand once the reason is gone, or read the server's log.");
}

/** The server took it, and nothing came of it: a GRANT without the right to it is but a warning. */
export function notRestored({ needs, items, statements }: SqlUnit, agent: string): Problem {
  const lines = statements.map(({ shown }) => `${shown};`).join(' ');
  return {
    code: 'sql-not-restored',
    message: `${items[0]?.key ?? 'an item'} is not as before`,
    detail: `Still to do: ${shortened(lines)}`,
    hint: `Something keeps changing it, or the agent may not: ${grantsFor(needs, agent)}`,
  };
}

function grantsFor(needs: string, agent: string): string {
  return `${needs.replaceAll('$agent', agent)};`;
}

function shortened(text: string): string {
  return text.length <= 500 ? text : `${text.slice(0, 499)}…`;
}
