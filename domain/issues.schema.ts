/** What zod found, in our words: one problem an issue, with the path it speaks of. Free of I/O; places in files are added by `config/`. */
import { z } from 'zod';
import type { Problem } from './problem.ts';
import { suggestion } from './nearest.ts';

export type Path = readonly (string | number)[];

export interface Issue {
  readonly path: Path;
  /** Whether the key or its value is at fault. */
  readonly at: 'key' | 'value';
  readonly problem: Problem;
}

type ZodIssue = z.core.$ZodIssue;

/** A schema's own message may carry its hint after a line break. */
export function says(message: string, hint: string): string {
  return `${message}\n${hint}`;
}

/** `targets.shop-db.soak`; '' for the whole document. */
export function showPath(path: Path): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

export function describeIssues(schema: z.ZodType, issues: readonly ZodIssue[]): Issue[] {
  const misspelt = new Set(
    issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => JSON.stringify(path)),
  );
  // Where a key is misspelt, "needs one of …" about the same mapping is its echo.
  const own = issues.filter(({ code, path }) => code !== 'custom' || !misspelt.has(JSON.stringify(path)));
  return own.flatMap((issue) => describe(schema, issue));
}

function describe(schema: z.ZodType, issue: ZodIssue): Issue[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      at: 'key',
      problem: problem('unknown-key', path, `unknown key "${key}"`, suggestion(key, known)),
    }));
  }
  const [message = '', hint] = ownWords(issue).split('\n');
  const missing = path.length > 0 && issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  if (missing) {
    const key = String(path.at(-1) ?? '');
    return [
      { path: path.slice(0, -1), at: 'key', problem: problem('missing-key', path.slice(0, -1), `"${key}" is missing`) },
    ];
  }
  const at = issue.code === 'invalid_key' ? 'key' : 'value';
  return [{ path, at, problem: problem('invalid-value', path, message, hint) }];
}

function ownWords(issue: ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input'))
    return `expected ${named(issue.expected)}`;
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid')) {
    return says('is not one of the values known here', `Known: ${issue.values.map(String).join(', ')}.`);
  }
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? 'is not a valid name';
  if (issue.code === 'too_small')
    return issue.message.startsWith('Too small') ? `must be at least ${issue.minimum}` : issue.message;
  if (issue.code === 'too_big')
    return issue.message.startsWith('Too big') ? `must be at most ${issue.maximum}` : issue.message;
  return issue.message;
}

function named(expected: string): string {
  const words: Record<string, string> = {
    object: 'a mapping',
    record: 'a mapping',
    array: 'a list',
    int: 'a whole number',
  };
  return words[expected] ?? `a ${expected}`;
}

function problem(code: string, path: Path, message: string, hint?: string): Problem {
  const where = showPath(path);
  return { code, message: where === '' ? message : `${where}: ${message}`, ...(hint === undefined ? {} : { hint }) };
}

interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
}

/** Keys that the schema knows at `path`, by its JSON Schema: the one public description of a zod schema. */
function knownKeys(schema: z.ZodType, path: Path): string[] {
  let shapes: Shape[] = [z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Shape];
  for (const part of path) shapes = shapes.flatMap((shape) => step(shape, part));
  return [...new Set(shapes.flatMap(unfold).flatMap((shape) => Object.keys(shape.properties ?? {})))];
}

function step(shape: Shape, part: string | number): Shape[] {
  return unfold(shape).flatMap((one) => {
    if (typeof part === 'number') return one.items === undefined ? [] : [one.items];
    const properties = one.properties ?? {};
    if (Object.hasOwn(properties, part)) return [properties[part] as Shape];
    return typeof one.additionalProperties === 'object' ? [one.additionalProperties] : [];
  });
}

function unfold(shape: Shape): Shape[] {
  const options = shape.anyOf ?? shape.oneOf;
  return options === undefined ? [shape] : options.flatMap(unfold);
}
