/** From the text of knowngood.yaml to a configuration with every default filled in, or to all of its problems. */
import { type Need, parseNeed } from '../domain/access/need.ts';
import type { DependentConfig, KnowngoodConfig } from '../domain/config.ts';
import type { Parsed } from '../domain/request.schema.ts';
import { approverIssues, approversOf } from './approvers.ts';
import { resolveCheck } from './checks.ts';
import { database, keep, metrics, temporal } from './common.ts';
import { resolveDrift } from './drift.ts';
import { knowngoodShape } from './knowngood.schema.ts';
import type { KnowngoodInput } from './knowngood.schema.ts';
import { resolveNotify } from './notify.ts';
import { parseYaml } from './parse.ts';
import { resolveCheckDefaults, resolvePolicy } from './policy.ts';
import { referenceIssues } from './references.ts';

export function parseKnowngoodConfig(text: string, path: string): Parsed<KnowngoodConfig> {
  const furtherIssues = (input: KnowngoodInput) => [...referenceIssues(input), ...approverIssues(input)];
  const parsed = parseYaml(text, path, knowngoodShape, furtherIssues);
  return parsed.kind === 'invalid' ? parsed : { kind: 'ok', value: resolve(parsed.value, path) };
}

function resolve(input: KnowngoodInput, path: string): KnowngoodConfig {
  const approvers = approversOf(input);
  return {
    path,
    targets: targetsOf(input),
    dependents: Object.entries(input.dependents ?? {}).map(([name, dependent]) => dependentOf(input, name, dependent)),
    ...(approvers === undefined ? {} : { approvers }),
    notify: resolveNotify(input),
    store: input.store === undefined ? null : database(input.store),
    keep: keep(input.store?.keep),
    temporal: temporal(input.temporal),
    metrics: metrics(input.metrics),
    signingKey: input.report?.signingKey ?? null,
    uiAddress: input.ui?.address.replace(/\/+$/, '') ?? null,
  };
}

/** Weakest first; `target` must exist. */
function layersOf(input: KnowngoodInput, target: string) {
  const own = input.targets[target];
  return [input.defaults, own?.policy === undefined ? undefined : input.policies?.[own.policy], own];
}

function targetsOf(input: KnowngoodInput): KnowngoodConfig['targets'] {
  const entries = Object.entries(input.targets).map(([name, target]) => [
    name,
    {
      ...database(target),
      policyName: target.policy ?? null,
      policy: resolvePolicy(layersOf(input, name)),
      drift: resolveDrift(layersOf(input, name)),
      ...(target.labels === undefined ? {} : { labels: target.labels }),
    },
  ]);
  // Without a prototype, `targets['constructor']` is as unknown as any other wrong name.
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

function dependentOf(
  input: KnowngoodInput,
  name: string,
  dependent: NonNullable<KnowngoodInput['dependents']>[string],
): DependentConfig {
  const { uses, access = [], checks = {} } = dependent;
  const owner = {
    dependent: name,
    team: dependent.team ?? null,
    tlsUsers: access.filter(({ tls }) => tls === true).map(({ user }) => user),
    connection: input.targets[uses]?.connection ?? '',
  };
  const layers = layersOf(input, uses).map((layer) => layer?.checks);
  return {
    name,
    uses,
    team: owner.team,
    access: access.map(({ user, database, from, tls, needs = [] }) => ({
      user,
      database,
      from: from ?? null,
      tls: tls ?? false,
      needs: needs.flatMap(needOf),
    })),
    checks: Object.entries(checks).map(([check, spec]) =>
      resolveCheck(check, spec, owner, resolveCheckDefaults([...layers, spec])),
    ),
  };
}

/** The shape has refused what does not parse. */
function needOf(text: string): readonly Need[] {
  const parsed = parseNeed(text);
  return parsed.kind === 'need' ? [parsed.need] : [];
}
