/** Reads a change request from any client: its shape, its size, and that no secret travels in it. Loads no configuration. */
import type { Change, ChangeRequest } from './change.ts';
import type { Problem } from './problem.ts';
import { changeRequestShape } from './change.schema.ts';
import { holdsSecret } from './conf/settings.ts';
import { describeIssues } from './issues.schema.ts';
import { holdsLiteralSecret, setsPassword } from './secrets.ts';

export const inlineLimitBytes = 32 * 1024;

export type Parsed<T> =
  { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

export function parseChangeRequest(input: unknown): Parsed<ChangeRequest> {
  if (hasPrototypeKey(input)) {
    return {
      kind: 'invalid',
      problems: [{ code: 'invalid-value', message: 'the request holds a key named "__proto__"' }],
    };
  }
  const parsed = changeRequestShape.safeParse(input);
  if (!parsed.success) {
    return {
      kind: 'invalid',
      problems: describeIssues(changeRequestShape, parsed.error.issues).map(({ problem }) => problem),
    };
  }
  const value = parsed.data as ChangeRequest;
  const problems = [...sizeProblems(value.change), ...secretProblems(value)];
  return problems.length === 0 ? { kind: 'ok', value } : { kind: 'invalid', problems };
}

function sizeProblems(change: Change): Problem[] {
  // An escaped line break is one byte of content: a stock postgresql.conf has a thousand.
  const sizeBytes = utf8Length(JSON.stringify(change).replace(/\\[nt"\\]/g, ' '));
  if (sizeBytes <= inlineLimitBytes) return [];
  return [
    {
      code: 'too-large',
      message: 'the change is too large to travel inline',
      detail: `It has ${sizeBytes} bytes; at most ${inlineLimitBytes} may travel in a request.`,
      hint: 'Put large files on the database host and guard a command that installs them.',
    },
  ];
}

function secretProblems({ change, reason }: ChangeRequest): Problem[] {
  const found: Problem[] = [];
  const check = (where: string, text: string | undefined): void => {
    if (text !== undefined && holdsLiteralSecret(text)) found.push(literalSecret(where));
  };
  check('reason', reason);
  if (change.kind === 'external') check('change.description', change.description);
  if (change.kind !== 'config') return found;
  for (const [name, value] of Object.entries(change.settings ?? {})) {
    if (value === null) continue;
    if (holdsSecret(name)) found.push(secretSetting(name));
    else check(`change.settings.${name}`, String(value));
  }
  change.hba?.forEach((edit, i) => {
    for (const [verb, rule] of Object.entries(edit)) check(`change.hba[${i}].${verb}`, rule);
  });
  change.sql?.forEach(({ statement }, i) => {
    const where = `change.sql[${i}].statement`;
    if (setsPassword(statement)) found.push(literalSecret(where));
    else check(where, statement);
  });
  for (const [path, body] of Object.entries(change.files ?? {})) check(`change.files.${path}`, body ?? undefined);
  return found;
}

function literalSecret(where: string): Problem {
  return {
    code: 'literal-secret',
    message: `${where}: holds a password or private key in plain text`,
    detail: 'A request stays readable in the history of its workflow.',
    hint: 'Place the secret on the database host, and guard a command of the agent that installs it.',
  };
}

function secretSetting(name: string): Problem {
  return {
    code: 'secret-setting',
    message: `change.settings.${name}: holds a secret and does not travel in a request`,
    hint: 'Change it on the database host, guarded as a command of the agent.',
  };
}

function hasPrototypeKey(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null || depth > 10) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some((inner) => hasPrototypeKey(inner, depth + 1));
}

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return length;
}
