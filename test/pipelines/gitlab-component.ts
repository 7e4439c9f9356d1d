/**
 * The component of GitLab with its inputs filled in as GitLab does it: into the text, before that is read as YAML; a
 * string as it is, anything else as JSON. What an input may hold is judged first.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../worker/stack/package-root.ts';

interface Job {
  readonly variables: Readonly<Record<string, { readonly value: string; readonly expand: boolean }>>;
  readonly before_script: readonly string[];
  readonly script: readonly string[];
}

type Value = string | readonly string[];

interface Input {
  readonly type?: 'array';
  readonly regex?: string;
  readonly options?: readonly string[];
  readonly default: Value;
}

export interface Component {
  readonly jobs: Readonly<Record<string, Job>>;
  readonly inputs: Readonly<Record<string, Value>>;
}

/** Throws where GitLab would not make a pipeline. */
export function component(given: Readonly<Record<string, Value>>): Component {
  const text = readFileSync(join(packageRoot, 'templates', 'guard.yml'), 'utf8');
  const [header = '', body = ''] = text.split('\n---\n');
  const { spec } = parse(header) as { spec: { inputs: Readonly<Record<string, Input>> } };
  const unknown = Object.keys(given).filter((name) => !(name in spec.inputs));
  if (unknown.length > 0) throw new Error(`the component has no input ${unknown.join(', ')}`);
  const inputs: Record<string, Value> = {};
  for (const [name, input] of Object.entries(spec.inputs)) {
    inputs[name] = given[name] ?? input.default;
    if (!allowed(inputs[name], input)) throw new Error(`the component does not take this as ${name}`);
  }
  const filled = body.replace(/\$\[\[ inputs\.([\w-]+) \]\]/g, (_, name: string) => inserted(inputs[name] ?? ''));
  return { jobs: parse(filled) as Component['jobs'], inputs };
}

function allowed(value: Value, { type, regex, options }: Input): boolean {
  if (Array.isArray(value) !== (type === 'array')) return false;
  if (typeof value !== 'string') return true;
  // RE2 writes the ends of a text as Ruby does.
  const pattern = regex?.replace(/^\\A/, '^').replace(/\\z$/, '$').replaceAll('\\x{', '\\u{');
  return (options?.includes(value) ?? true) && (pattern === undefined || new RegExp(pattern, 'u').test(value));
}

/** JSON as Rails writes it. */
function inserted(value: Value): string {
  if (typeof value === 'string') return value;
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escaped);
}
