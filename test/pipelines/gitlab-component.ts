/** The component of GitLab with its inputs filled in, as GitLab does it: in the values, after the YAML was read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../../worker/stack/package-root.ts';

interface Job {
  readonly variables: Readonly<Record<string, { readonly value: string; readonly expand: boolean }>>;
  readonly before_script: readonly string[];
  readonly script: readonly string[];
}

export interface Component {
  readonly jobs: Readonly<Record<string, Job>>;
  readonly inputs: Readonly<Record<string, string>>;
}

export function component(given: Readonly<Record<string, string>>): Component {
  const [header, body] = parseAllDocuments(readFileSync(join(packageRoot, 'templates', 'guard.yml'), 'utf8')).map(
    (one) => one.toJS() as unknown,
  );
  const { spec } = header as { spec: { inputs: Readonly<Record<string, { readonly default: string }>> } };
  const unknown = Object.keys(given).filter((name) => !(name in spec.inputs));
  if (unknown.length > 0) throw new Error(`the component has no input ${unknown.join(', ')}`);
  const defaults = Object.entries(spec.inputs).map(([name, input]) => [name, input.default]);
  const inputs = { ...(Object.fromEntries(defaults) as Record<string, string>), ...given };
  return { jobs: filled(body, inputs) as Component['jobs'], inputs };
}

function filled(value: unknown, inputs: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string')
    return value.replace(/\$\[\[ inputs\.([\w-]+) \]\]/g, (_, name: string) => inputs[name] ?? '');
  if (Array.isArray(value)) return value.map((one) => filled(one, inputs));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [filled(name, inputs) as string, filled(one, inputs)]),
  );
}
