/** YAML of the pages, read by whoever would read it: a part of a file within a whole one. Its first line says which: `# agent.yaml`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { parseAgentConfig } from '../../config/agent.ts';
import { loadChangeFile } from '../../config/change-file.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
import { parseProbeConfig } from '../../config/probe.ts';
import { ProblemsError } from '../../config/problems-error.ts';
import { loadRolloutFile } from '../../config/rollout-file.ts';
import type { Problem } from '../../domain/problem.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { component } from '../pipelines/gitlab-component.ts';

const connection = 'postgresql://knowngood@10.0.0.5:5432/postgres';

/** What a part leaves out. */
const rest = {
  knowngood: {
    targets: Object.fromEntries(['shop-db', 'billing-db', 'scratch-db'].map((name) => [name, { connection }])),
    teams: { application: {}, database: {}, infrastructure: {}, finance: {} },
  },
  agent: { target: 'shop-db', connection },
  change: { target: 'shop-db' },
};

/** Everything that is wrong with it. */
export async function problemsOf(text: string): Promise<readonly string[]> {
  const value = parse(text) as Values;
  const [, file = 'knowngood.yaml'] = /^# (\S+\.ya?ml)\b/.exec(text) ?? [];
  const whole = (of: keyof typeof rest): string => JSON.stringify(merged(rest[of], value));
  switch (file) {
    case 'knowngood.yaml':
      return wordsOf(parseKnowngoodConfig(whole('knowngood'), file));
    case 'agent.yaml':
      return wordsOf(parseAgentConfig(whole('agent'), file, {}));
    case 'probe.yaml':
      return wordsOf(parseProbeConfig(text, file));
    case 'change.yaml':
      return loaded(whole('change'), (path) => loadChangeFile(path, { changeId: 'a-change' }));
    case 'rollout.yaml':
      return loaded(text, (path) => loadRolloutFile(path, { rolloutId: 'a-rollout' }));
    case 'values.yaml':
      return ofHelm(value);
    case '.gitlab-ci.yml':
      return ofGitlab(value);
    default:
      return file.startsWith('.github/workflows/') ? ofGithub(value) : [`nobody here reads ${file}`];
  }
}

interface Values {
  readonly [key: string]: unknown;
}

function merged(base: unknown, over: unknown): unknown {
  if (!isMap(base) || !isMap(over)) return over;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
  return Object.fromEntries(keys.map((key) => [key, key in over ? merged(base[key], over[key]) : base[key]]));
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wordsOf(read: { readonly kind: 'ok' } | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }) {
  return read.kind === 'ok' ? [] : read.problems.map(({ message }) => message);
}

async function loaded(text: string, load: (path: string) => Promise<unknown>): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'knowngood-docs-'));
  try {
    writeFileSync(join(folder, 'a.yaml'), text);
    await load(join(folder, 'a.yaml'));
    return [];
  } catch (error) {
    if (error instanceof ProblemsError) return error.problems.map(({ message }) => message);
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const published = (name: string): string => join('test', 'pipelines', 'schemas', `${name}.json`);

function ofSchema(path: string, value: unknown): readonly string[] {
  const schema = JSON.parse(readFileSync(join(packageRoot, path), 'utf8')) as object;
  const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
  return validate(value)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Of our chart: `config` is knowngood.yaml. */
function ofHelm(value: Values): readonly string[] {
  const config = JSON.stringify(merged(rest.knowngood, value['config']));
  return [
    ...wordsOf(parseKnowngoodConfig(config, 'config')),
    ...ofSchema(join('deploy', 'helm', 'knowngood', 'values.schema.json'), value),
  ];
}

/** Its inputs are those of our own component. */
function ofGitlab(value: Values): readonly string[] {
  const { include = [] } = value as {
    readonly include?: readonly { readonly inputs: Parameters<typeof component>[0] }[];
  };
  for (const { inputs } of include) component(inputs);
  return ofSchema(published('gitlab-ci'), value);
}

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly with?: Values;
}

/** What it gives to our own action, and takes from it, is there. */
function ofGithub(value: Values): readonly string[] {
  const action = parse(readFileSync(join(packageRoot, 'action.yml'), 'utf8')) as Record<'inputs' | 'outputs', Values>;
  const { jobs } = value as { readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>> };
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const ours = steps.filter(({ uses = '' }) => uses.startsWith('knowngood/'));
  const inputs = ours.flatMap((step) => Object.keys(step.with ?? {}));
  const outputs = [...JSON.stringify(value).matchAll(/steps\.(\w+)\.outputs\.([\w-]+)/g)];
  return [
    ...(ours.length === 0 ? ['no step uses the action'] : []),
    ...inputs.filter((name) => !(name in action.inputs)).map((name) => `the action has no input ${name}`),
    ...outputs
      .filter(([, id, name = '']) => ours.some((step) => step.id === id) && !(name in action.outputs))
      .map(([text]) => `the action has no output ${text}`),
    ...outputs.filter(([, id]) => !steps.some((step) => step.id === id)).map(([text]) => `no step is ${text}`),
    ...ofSchema(published('github-workflow'), value),
  ];
}
