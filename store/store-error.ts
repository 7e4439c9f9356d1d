/** Why the store did not answer, in PostgreSQL's form: what happened, and the statement or setting that mends it. */
import type { Problem } from '../domain/problem.ts';

/** Where the store is, for people; never holds a password. */
export interface StorePlace {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

export class StoreError extends Error {
  readonly problem: Problem;
  /** Trying again may help without anybody doing anything. */
  readonly retryable: boolean;

  constructor(problem: Problem, retryable: boolean, cause?: unknown) {
    super([problem.message, problem.detail].filter(Boolean).join(': '), { cause });
    this.name = 'StoreError';
    this.problem = problem;
    this.retryable = retryable;
  }
}

export function storeError(error: unknown, place: StorePlace): StoreError {
  if (error instanceof StoreError) return error;
  const { problem, retryable } = problemOf(error, place);
  return new StoreError(problem, retryable, error);
}

interface Judged {
  readonly problem: Problem;
  readonly retryable: boolean;
}

function problemOf(error: unknown, place: StorePlace): Judged {
  const { code, message } = factsOf(error);
  const where = `the store at ${place.host}:${place.port}`;
  const account = `"${place.user}"`;
  const final = (name: string, text: string, hint: string): Judged => ({
    problem: { code: name, message: text, detail: message, hint },
    retryable: false,
  });
  const passing = (name: string, text: string, hint: string): Judged => ({
    problem: { code: name, message: text, detail: message, hint },
    retryable: true,
  });
  switch (code) {
    case '28P01':
      return final(
        'store-password',
        `${where} refuses the password of ${account}`,
        'Check the reference under store.password.',
      );
    case '28000':
      return final(
        'store-access',
        `${where} refuses ${account}`,
        "Add a rule for this user and address to the store's pg_hba.conf.",
      );
    case '3D000':
      return final(
        'store-database-missing',
        `${where} has no database "${place.database}"`,
        `Run there: create database "${place.database}" owner ${account}.`,
      );
    case '42501':
      return final('store-privilege', `user ${account} may not do this in ${where}`, grantFor(message, place));
    case '25006':
      return final('store-read-only', `${where} is read-only`, 'Point store.connection at the primary.');
    case '55P03':
      return passing(
        'store-migrating',
        `${where} is being prepared by another process`,
        'Try again in a moment; if it stays, look for a session that holds an advisory lock.',
      );
    case '53100':
      return passing('store-full', `${where} has no space left`, 'Free space on its disk.');
    case '53300':
      return passing(
        'store-full-of-connections',
        `${where} takes no more connections`,
        'Raise max_connections there, or end idle sessions.',
      );
    default:
      return isUnreachable(code, message)
        ? passing(
            'store-unreachable',
            `no answer from ${where}`,
            'Check that it runs, and that store.connection names its address.',
          )
        : { problem: { code: 'store-failed', message: `${where} failed`, detail: message }, retryable: false };
  }
}

function grantFor(message: string, { database, user }: StorePlace): string {
  if (/for database/.test(message)) return `Run there: grant create on database "${database}" to "${user}".`;
  if (/must be owner/.test(message))
    return `Run there: alter schema knowngood owner to "${user}", and the same for its tables.`;
  return `Run there: grant usage, create on schema knowngood to "${user}"; grant select, insert, update on all tables in schema knowngood to "${user}".`;
}

// 08: connection, 57P0x: shut down, crashed, starting; the rest are errno words of the socket and pg's own texts.
const socketCodes = /^(08|57P0|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOST|ENET|EPIPE|ENOENT|EACCES)/;
const socketTexts =
  /connection terminated|timeout (exceeded )?when trying to connect|connection timeout|does not support SSL|certificate/i;

function isUnreachable(code: string | null, message: string): boolean {
  return (code !== null && socketCodes.test(code)) || socketTexts.test(message);
}

function factsOf(error: unknown): { code: string | null; message: string } {
  // Node tries every address of a name and throws all their errors as one that has no message of its own.
  const all = propertyOf(error, 'errors');
  const first: unknown = Array.isArray(all) && all.length > 0 ? all[0] : error;
  const code = propertyOf(first, 'code');
  const message = propertyOf(first, 'message');
  // node-pg-migrate puts the stack of what it caught into its own message, and drops the code.
  const line = String(message ?? first).split('\n')[0] ?? '';
  return { code: typeof code === 'string' ? code : codeIn(line), message: line };
}

const codeIn = (message: string): string | null => (/permission denied|must be owner/.test(message) ? '42501' : null);

/** By shape, not by class: an error may come from another realm. */
function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
