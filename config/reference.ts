/** docs/configuration.md, from the shapes of the files themselves. Pure. */
import type { z } from 'zod';
import { namePattern } from '../domain/change.ts';
import { durationPattern } from '../domain/duration.ts';
import { overridesShape } from '../domain/change.schema.ts';
import { codeCell, markdownTable } from '../domain/markdown.ts';
import { referencePattern } from '../domain/secrets.ts';
import { agentShape } from './agent.schema.ts';
import { changeFileShape } from './change-file.schema.ts';
import { checkShape } from './check.schema.ts';
import { schemaOf } from './json-schemas.ts';
import { knowngoodShape } from './knowngood.schema.ts';
import { policyShape } from './policy.schema.ts';
import { probeShape } from './probe.schema.ts';
import { rolloutFileShape } from './rollout-file.schema.ts';
import { temporalShape } from './shapes.schema.ts';

/** As much of a JSON Schema as ours use. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: string | number | boolean;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
}

interface Section {
  readonly heading: string;
  readonly about: string;
  readonly shape: z.ZodType;
}

const files: readonly Section[] = [
  {
    heading: 'knowngood.yaml',
    about:
      'Read by workers and by the command line: `--config`, else `./knowngood.yaml`, else `/etc/knowngood/knowngood.yaml`. A whole one: [`examples/knowngood.yaml`](../examples/knowngood.yaml).',
    shape: knowngoodShape,
  },
  {
    heading: 'agent.yaml',
    about:
      'Read by the agent on the database host, and the only file that gives power over it: `--agent-config`, else `./agent.yaml`, else `/etc/knowngood/agent.yaml`. A whole one: [`examples/agent.yaml`](../examples/agent.yaml).',
    shape: agentShape,
  },
  {
    heading: 'probe.yaml',
    about:
      'Read by the worker or probe on whose host checks run programs: `--probe-config`, else `./probe.yaml`, else `/etc/knowngood/probe.yaml`. A whole one: [`examples/probe.yaml`](../examples/probe.yaml).',
    shape: probeShape,
  },
  {
    heading: 'change.yaml',
    about:
      'What `knowngood plan` and `knowngood apply` take ([changes.md](changes.md)). Two whole ones: [`examples/change.yaml`](../examples/change.yaml), [`examples/grant.yaml`](../examples/grant.yaml).',
    shape: changeFileShape,
  },
  {
    heading: 'rollout.yaml',
    about:
      'What `knowngood rollout` takes ([rollout.md](rollout.md)). A whole one: [`examples/rollout.yaml`](../examples/rollout.yaml).',
    shape: rolloutFileShape,
  },
];

/** What several places take: told once. */
const parts: readonly Section[] = [
  {
    heading: 'A policy',
    about:
      'The same keys stand under `defaults`, in each of the `policies`, and in a target itself. The target wins over its policy, the policy over the defaults, key by key.',
    shape: policyShape,
  },
  { heading: 'A check', about: 'It has exactly one kind ([checks.md](checks.md)).', shape: checkShape },
  { heading: 'A change', about: 'See [changes.md](changes.md).', shape: changeFileShape.shape.change },
  {
    heading: 'Overrides',
    about: "Of one change or rollout: they hold instead of the target's policy, and are recorded.",
    shape: overridesShape,
  },
  { heading: 'Temporal', about: 'See [temporal.md](temporal.md).', shape: temporalShape },
];

export function configurationReference(): string {
  const shared = parts.map(({ heading, shape }) => ({ heading, schema: schemaOf(shape) as Schema }));
  return [
    '# Configuration',
    '<!-- Generated from the shapes of the files: KNOWNGOOD_UPDATE=1 npm test test/config/reference.test.ts -->',
    'Every key of every file. Editors complete and check them with the JSON Schemas in [`schemas/`](../schemas): write `# yaml-language-server: $schema=…/knowngood.schema.json` into the first line. An unknown key is an error, with its line and the nearest known one; `knowngood doctor` reads the files as the processes do.',
    'A _duration_ is a number with `ms`, `s`, `m`, `h` or `d`. A _name_ is made of lower-case letters, digits and hyphens. A _secret_ is never the secret itself but where it is: `${env:NAME}` or `${file:/path}`.',
    ...[...files, ...parts].flatMap(({ heading, about, shape }) => {
      const others = shared.filter((part) => part.heading !== heading);
      return [`## ${heading}`, about, tableOf(rowsOf(schemaOf(shape) as Schema, '', others))];
    }),
  ]
    .join('\n\n')
    .concat('\n');
}

interface Part {
  readonly heading: string;
  readonly schema: Schema;
}

type Row = readonly [key: string, type: string, byDefault: string, meaning: string];

function tableOf(rows: readonly Row[]): string {
  return markdownTable({ head: ['key', 'type', 'default', 'meaning'], rows });
}

/** Those of a map, and below it of what its keys hold; `at`: its own key with a dot, or nothing. */
function rowsOf(schema: Schema, at: string, shared: readonly Part[]): readonly Row[] {
  const { properties = {}, required = [] } = schema;
  const part = shared.find((one) => holdsAllOf(schema, one.schema));
  const told = Object.keys(part?.schema.properties ?? {});
  const own = Object.entries(properties).filter(([key]) => !told.includes(key));
  return [
    ...own.flatMap(([key, one]) => [
      rowOf(`${at}${key}`, one, required.includes(key)),
      ...below(one, `${at}${key}`, shared),
    ]),
    ...(part === undefined ? [] : [[codeCell(`${at}…`), '', '', `the keys of ${partLink(part)}`] as const]),
  ];
}

function below(schema: Schema, key: string, shared: readonly Part[]): readonly Row[] {
  const { properties, items, additionalProperties, anyOf = [] } = schema;
  if (properties !== undefined) return rowsOf(schema, `${key}.`, shared);
  if (items !== undefined) return below(items, `${key}[]`, shared);
  if (additionalProperties) return below(additionalProperties, `${key}.<name>`, shared);
  return anyOf.flatMap((one) => below(one, key, shared));
}

function holdsAllOf({ properties = {} }: Schema, part: Schema): boolean {
  return Object.entries(part.properties ?? {}).every(
    ([key, one]) => JSON.stringify(properties[key]) === JSON.stringify(one),
  );
}

function partLink({ heading }: Part): string {
  return `[${heading.replace(/^A /, 'a ')}](#${heading.toLowerCase().replaceAll(' ', '-')})`;
}

function rowOf(key: string, schema: Schema, isRequired: boolean): Row {
  const { description = '', default: usual, examples = [] } = schema;
  const example = examples.map((one) => `e.g. ${codeCell(yamlOf(one))}`);
  // A page of the docs is named as from the root; the reference stands beside it.
  const meaning = description.replaceAll('|', '\\|').replace(/docs\/(\S+\.md)/g, '[$1]($1)');
  const byDefault = usual === undefined ? (isRequired ? 'required' : '') : codeCell(yamlOf(usual));
  return [codeCell(key), typeOf(schema), byDefault, [meaning, ...example].filter((text) => text !== '').join('; ')];
}

/** As one would write it, in flow style. */
function yamlOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(yamlOf).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, one]) => `${key}: ${yamlOf(one)}`)
      .join(', ')} }`;
  return String(value);
}

const patterns: Readonly<Record<string, string>> = {
  [durationPattern.source]: 'duration',
  [namePattern.source]: 'name',
  [referencePattern.source]: 'secret',
  '^\\/.*': 'absolute path',
};

function typeOf({ type, pattern, anyOf, items, additionalProperties, ...schema }: Schema): string {
  if (schema.const !== undefined) return codeCell(String(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((one) => codeCell(String(one))).join(', ');
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeOf))].join(' or ');
  if (items !== undefined) return `list of ${typeOf(items)}`;
  if (additionalProperties) return `map of ${typeOf(additionalProperties)}`;
  switch (type) {
    case 'object':
      return 'map';
    case 'integer':
      return 'whole number';
    case 'string':
      return (pattern === undefined ? undefined : patterns[pattern]) ?? 'text';
    case undefined:
      return 'anything';
    default:
      return type;
  }
}
