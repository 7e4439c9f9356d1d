/** What an operator types into the one payload of an Update or Signal: nothing, `"name: reason"`, or an object. */
import { type ApprovalStatement, readStatement } from './approval-statement.ts';
import { parseDuration } from './duration.ts';
import type { Problem } from './problem.ts';

export interface OperatorInput {
  /** null: not said, the identity claimed in the request counts. */
  readonly who: string | null;
  readonly why: string;
  /** Binds the decision to one change; null: not said. */
  readonly changeId: string | null;
  readonly planHash: string | null;
  /** Of a signed approval, which says all of the above in the text that was signed. Not verified yet. */
  readonly signed?: SignedWords;
}

export interface SignedWords {
  readonly text: string;
  readonly statement: ApprovalStatement;
  /** In the form of `ssh-keygen -Y sign`. */
  readonly signature: string;
}

const maxLength = 500;
/** Of a name and a reason in one text, `name: reason`. */
export const longestSaying = 2 * maxLength + ': '.length;
/** A statement holds a name and a reason, each escaped; an Ed25519 signature has some 300 characters. */
const longest: Readonly<Record<string, number>> = { statement: 8_000, signature: 1_000 };
const nothing: OperatorInput = { who: null, why: '', changeId: null, planHash: null };

/** A name may not hold a colon; without one the whole text is the reason. */
export function parseOperatorInput(input: unknown): OperatorInput | Problem {
  if (input === undefined || input === null || input === '') return nothing;
  if (typeof input === 'string') {
    if (input.length > maxLength) return tooLong;
    const colon = input.indexOf(':');
    if (colon < 0) return { ...nothing, why: input.trim() };
    return { ...nothing, who: input.slice(0, colon).trim() || null, why: input.slice(colon + 1).trim() };
  }
  if (typeof input !== 'object' || Array.isArray(input)) return notUnderstood;
  const fields = input as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) {
    if (!['who', 'why', 'changeId', 'planHash', 'statement', 'signature'].includes(name)) return unknownField(name);
    if (typeof value !== 'string') return notUnderstood;
    if (value.length > (longest[name] ?? maxLength)) return tooLong;
  }
  if ('statement' in fields || 'signature' in fields) return signedInput(fields as Readonly<Record<string, string>>);
  const text = (name: string): string | null => (fields[name] as string | undefined) ?? null;
  return { who: text('who'), why: text('why') ?? '', changeId: text('changeId'), planHash: text('planHash') };
}

function signedInput({
  statement: text,
  signature,
  ...others
}: Readonly<Record<string, string>>): OperatorInput | Problem {
  if (text === undefined || signature === undefined || Object.keys(others).length > 0) return signedNotUnderstood;
  const statement = readStatement(text);
  if (statement === null) return signedNotUnderstood;
  const { who, why, changeId, planHash } = statement;
  if (who.length > maxLength || why.length > maxLength) return tooLong;
  return { who: who.trim() || null, why, changeId, planHash, signed: { text, statement, signature } };
}

/** `"10m: reason"`, or `{"by": "10m", "why": "reason"}`. */
export function parseExtension(input: unknown): { readonly ms: number; readonly why: string } | Problem {
  const [by, why] =
    typeof input === 'string'
      ? [input.split(':', 1)[0] ?? '', input.includes(':') ? input.slice(input.indexOf(':') + 1).trim() : '']
      : [field(input, 'by'), field(input, 'why')];
  if (why.length > maxLength) return tooLong;
  const ms = parseDuration(by);
  if (ms === null || ms === 0)
    return {
      code: 'extension-not-understood',
      message: `cannot read an extension from ${JSON.stringify(input)?.slice(0, 80)}`,
      hint: 'Send a duration and a reason, for example "10m: waiting for the DBA".',
    };
  if (ms > 7 * 86_400_000)
    return {
      code: 'extension-too-long',
      message: 'an extension is at most 7d',
      hint: 'Extend again when it is needed.',
    };
  return { ms, why };
}

export interface PipelineInput {
  readonly exitCode: number | null;
  readonly message: string;
}

/** Nothing, or `{"exitCode": 0, "message": "…"}`. A long message is cut: the word counts. */
export function parsePipelineWord(input: unknown): PipelineInput | Problem {
  if (input === undefined || input === null) return { exitCode: null, message: '' };
  if (typeof input !== 'object' || Array.isArray(input)) return pipelineWordNotUnderstood;
  const { exitCode = null, message = '', ...others } = input as Readonly<Record<string, unknown>>;
  const understood =
    (exitCode === null || Number.isSafeInteger(exitCode)) &&
    typeof message === 'string' &&
    Object.keys(others).length === 0;
  if (!understood) return pipelineWordNotUnderstood;
  return { exitCode: exitCode as number | null, message: message.slice(0, maxLength) };
}

function field(input: unknown, name: string): string {
  const value = (input as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}

export function isProblem(value: object): value is Problem {
  return 'code' in value && 'message' in value;
}

const notUnderstood: Problem = {
  code: 'argument-not-understood',
  message: 'cannot read the argument',
  hint: 'Send nothing, one string such as "Kim: seen the diff", or {"who": "Kim", "why": "seen the diff"}.',
};
const signedNotUnderstood: Problem = {
  code: 'argument-not-understood',
  message: 'cannot read the signed approval',
  hint: 'It is made by knowngood approve --sign: {"statement": "knowngood approval v1…", "signature": "-----BEGIN SSH SIGNATURE-----…"}.',
};
const pipelineWordNotUnderstood: Problem = {
  code: 'argument-not-understood',
  message: 'cannot read the argument',
  hint: 'Send nothing, or {"exitCode": 0, "message": "done"}: a whole number and a text.',
};
const tooLong: Problem = { code: 'argument-too-long', message: `the argument is longer than ${maxLength} characters` };
const unknownField = (name: string): Problem => ({
  code: 'unknown-field',
  message: `unknown field ${JSON.stringify(name.slice(0, 40))}`,
  hint: 'The fields are who, why, changeId and planHash.',
});
