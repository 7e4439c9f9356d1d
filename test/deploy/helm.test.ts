/** The Helm chart by the real Helm: linted, rendered, and held against Kubernetes' own schemas and our own configuration. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse, parseAllDocuments } from 'yaml';
import { createProgram } from '../../cli/program.ts';
import { processIo } from '../../cli/io.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { helm } from '../support/helm.ts';

const chart = join(packageRoot, 'deploy', 'helm', 'knowngood');
// Helm renders for a cluster of some version; built by Go alone it takes a very old one.
const kube = ['--kube-version', '1.34.0'];
const everything = join(chart, 'ci', 'full-values.yaml');
const folder = mkdtempSync(join(tmpdir(), 'knowngood-helm-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  await helm('version');
}, 600_000);

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: any;
  readonly data?: Readonly<Record<string, string>>;
}

function values(of: object): string {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(path, JSON.stringify(of));
  return path;
}

async function rendered(file: string, release = 'prod'): Promise<readonly Manifest[]> {
  const { code, stdout, output } = await helm('template', release, chart, '--namespace', 'guard', ...kube, '-f', file);
  if (code !== 0) throw new Error(output);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

const schemas = JSON.parse(readFileSync(join(packageRoot, 'test', 'deploy', 'schemas', 'kubernetes.json'), 'utf8')) as {
  readonly kinds: Readonly<Record<string, object>>;
  readonly $defs: object;
};
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });

/** As the API server would say with strict field validation. */
function problemsOf(manifest: Manifest): readonly string[] {
  const schema = schemas.kinds[`${manifest.apiVersion} ${manifest.kind}`];
  if (schema === undefined) return [`no schema for ${manifest.apiVersion} ${manifest.kind}`];
  const validate = ajv.compile({ ...schema, $defs: schemas.$defs });
  validate(manifest);
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [manifest.kind, instancePath, message, JSON.stringify(params)].join(' '),
  );
}

function only(manifests: readonly Manifest[], kind: string, name = ''): Manifest {
  const found = manifests.filter((one) => one.kind === kind && one.metadata.name.endsWith(name));
  expect(found).toHaveLength(1);
  return found[0] as Manifest;
}

const mounted = '/run/secrets/knowngood';
const small = { config: { targets: { 'shop-db': { connection: 'postgresql://knowngood@10.0.0.5/postgres' } } } };

it('passes the strict lint, with every value and with the fewest', async () => {
  for (const file of [everything, values(small)]) {
    const { code, output } = await helm('lint', '--strict', chart, '-f', file);
    expect([code, output]).toEqual([0, expect.stringContaining('0 chart(s) failed')]);
  }
});

it('renders what Kubernetes takes, with every value and with the fewest', async () => {
  const all = await rendered(everything);
  const few = await rendered(values(small));
  expect([...all, ...few].flatMap(problemsOf)).toEqual([]);
  const each = ['Deployment', 'PodDisruptionBudget'].flatMap((kind) => [kind, kind, kind, kind]);
  const twice = ['NetworkPolicy', 'Service'].flatMap((kind) => [kind, kind]);
  const once = ['ConfigMap', 'PrometheusRule', 'ServiceAccount', 'ServiceMonitor'];
  expect(all.map(({ kind }) => kind).sort()).toEqual([...each, ...twice, ...once].sort());
  expect(few.filter(({ metadata }) => metadata.name.includes('codec'))).toEqual([]);
  expect(new Set(all.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).size).toBe(all.length);
  // The schemas bite: a misspelt field is found.
  const worker = only(all, 'Deployment', 'worker');
  expect(problemsOf({ ...worker, spec: { ...worker.spec, replica: 1 } })).toHaveLength(1);
});

it('its configuration is one that the worker takes', async () => {
  const configMap = only(await rendered(everything), 'ConfigMap');
  const parsed = parseKnowngoodConfig(configMap.data?.['knowngood.yaml'] ?? '', 'knowngood.yaml');
  expect(parsed).toMatchObject({ kind: 'ok' });
  const given = parse(readFileSync(everything, 'utf8')) as { readonly config: object };
  expect(parse(configMap.data?.['knowngood.yaml'] ?? '')).toEqual(given.config);
});

it('each pod runs a command that exists, from the location that was named', async () => {
  const manifests = await rendered(everything);
  const program = createProgram(processIo(), () => undefined);
  const seen = manifests
    .filter(({ kind }) => kind === 'Deployment')
    .map(({ spec }) => [spec.replicas, spec.template.spec.containers[0].args] as const);
  for (const [, [name, ...args]] of seen) {
    const command = program.commands.find((one) => one.name() === name);
    const known = [...program.options, ...(command?.options ?? [])].map(({ long }) => long);
    expect(known).toEqual(expect.arrayContaining(args.filter((word: string) => word.startsWith('--'))));
  }
  const tail = ['--config', '/etc/knowngood/knowngood.yaml', '--metrics', '0.0.0.0:9464'];
  const pair = ['--tls-cert', `${mounted}/codec-tls/tls.crt`, '--tls-key', `${mounted}/codec-tls/tls.key`];
  const served = ['--listen', '0.0.0.0:8234', '--token', `\${file:${mounted}/codec-token/token}`];
  const asked = [...served, '--origin', 'https://temporal.example', ...pair];
  expect(seen).toEqual([
    [2, ['codec-server', '--config', '/etc/knowngood/knowngood.yaml', ...asked]],
    [1, ['worker', '--probe', 'dmz', ...tail]],
    [2, ['worker', '--probe', 'office', ...tail]],
    [3, ['worker', ...tail]],
  ]);
});

describe('each pod', () => {
  let pods: readonly any[] = [];
  beforeAll(async () => {
    const manifests = await rendered(everything);
    pods = manifests.filter(({ kind }) => kind === 'Deployment').map(({ spec }) => spec.template.spec);
  });

  it('has no rights that it does not need', () => {
    expect(pods).toHaveLength(4);
    for (const pod of pods) {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      });
      expect(pod.containers[0].resources.limits.memory).toBeDefined();
      for (const shared of ['hostNetwork', 'hostPID', 'hostIPC']) expect(pod[shared]).toBeUndefined();
    }
  });

  it('finds each secret where the configuration says', () => {
    const text = readFileSync(everything, 'utf8');
    const named = [...text.matchAll(/\$\{file:(\/run\/secrets\/knowngood\/[^/}]+)\//g)].map(([, path = '']) => path);
    const all = ['payloads', 'store', 'report', 'shop-db'].map((name) => `${mounted}/${name}`);
    expect(named).toEqual([...all, `${mounted}/codec-token`]);
    // A probe may be given less, and the codec server is: who breaks into them finds no password of a target.
    const codec = ['payloads', 'codec-token', 'codec-tls'].map((name) => `${mounted}/${name}`);
    const wanted = [codec, [`${mounted}/store`, `${mounted}/payloads`], all, all];
    for (const [index, { containers, volumes }] of pods.entries()) {
      const mounts = containers[0].volumeMounts as { name: string; mountPath: string; readOnly?: boolean }[];
      const secrets = mounts.map(({ mountPath }) => mountPath).filter((path) => path.startsWith('/run/secrets/'));
      expect(new Set(secrets)).toEqual(new Set(wanted[index]));
      expect(mounts.map(({ name }) => name).sort()).toEqual(
        (volumes as { name: string }[]).map((one) => one.name).sort(),
      );
    }
  });
});

it('selectors find the pods that they are for, and no others', async () => {
  const manifests = await rendered(everything);
  const pods = manifests.filter(({ kind }) => kind === 'Deployment');
  const labelsOf = (pod: Manifest): Record<string, string> => pod.spec.template.metadata.labels;
  const matched = (selector: Record<string, string>): string[] =>
    pods
      .filter((pod) => Object.entries(selector).every(([key, value]) => labelsOf(pod)[key] === value))
      .map((pod) => pod.metadata.name);
  const [codec, ...others] = pods.map(({ metadata }) => metadata.name);
  for (const [name, selected] of [
    ['codec', [codec]],
    ['knowngood', others],
  ] as const)
    expect(matched(only(manifests, 'NetworkPolicy', name).spec.podSelector.matchLabels)).toEqual(selected);
  expect(matched(only(manifests, 'Service', 'codec').spec.selector)).toEqual([codec]);
  expect(matched(only(manifests, 'Service', 'metrics').spec.selector)).toEqual(others);
  for (const budget of manifests.filter(({ kind }) => kind === 'PodDisruptionBudget'))
    expect(matched(budget.spec.selector.matchLabels)).toEqual([budget.metadata.name]);
  for (const pod of pods) expect(matched(pod.spec.selector.matchLabels)).toEqual([pod.metadata.name]);
});

it('alerts are those of deploy/prometheus, under the names of jobs that they ask for', async () => {
  const manifests = await rendered(everything);
  const rules = readFileSync(join(packageRoot, 'deploy', 'prometheus', 'alerts.yml'), 'utf8');
  expect(only(manifests, 'PrometheusRule').spec).toEqual(parse(rules));
  const [endpoint] = only(manifests, 'ServiceMonitor').spec.endpoints;
  expect(endpoint.relabelings[0]).toMatchObject({ targetLabel: 'job', replacement: 'knowngood-$1' });
  expect(rules).toContain('job="knowngood-worker"');
});

it('a change of the configuration is a rolling update', async () => {
  const other = { config: { targets: { 'other-db': small.config.targets['shop-db'] } } };
  const sums = await Promise.all(
    [small, small, other].map(
      async (one) =>
        only(await rendered(values(one)), 'Deployment').spec.template.metadata.annotations['checksum/config'] as string,
    ),
  );
  expect(sums[0]).toBe(sums[1]);
  expect(sums[0]).not.toBe(sums[2]);
});

describe('a codec server', () => {
  const config = { ...small.config, ui: { address: 'https://temporal.example/' } };
  const codec = { enabled: true, secrets: ['payloads'], token: `\${file:${mounted}/payloads/token}` };

  it('without a certificate is for a proxy that has one', async () => {
    const manifests = await rendered(values({ config, codec }));
    expect(manifests.flatMap(problemsOf)).toEqual([]);
    const [container] = only(manifests, 'Deployment', 'codec').spec.template.spec.containers;
    expect(container.args.slice(3)).toEqual(['--listen', '0.0.0.0:8234', '--token', codec.token]);
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'http', scheme: 'HTTP' });
    expect(only(manifests, 'Service', 'codec').spec.ports).toMatchObject([{ port: 8234, targetPort: 'http' }]);
  });

  it('with one is watched by it, connects to nobody, and has no variables of the workers', async () => {
    const manifests = await rendered(everything);
    const [container] = only(manifests, 'Deployment', 'codec').spec.template.spec.containers;
    expect(container.readinessProbe.httpGet).toEqual({ path: '/healthz', port: 'https', scheme: 'HTTPS' });
    expect([container.env, container.envFrom]).toEqual([undefined, undefined]);
    const { ingress, egress, policyTypes } = only(manifests, 'NetworkPolicy', 'codec').spec;
    expect([policyTypes, egress]).toEqual([['Ingress', 'Egress'], []]);
    expect(ingress).toMatchObject([{ ports: [{ port: 'https' }], from: [{}] }]);
  });
});

describe('what is wrong in the values is refused:', () => {
  for (const [what, bend, says] of [
    ['no targets', { config: {} }, 'targets'],
    ['a misspelt key', { workers: { replicas: 1 } }, 'workers'],
    ['a misspelt key inside', { worker: { replica: 1 } }, 'replica'],
    ['a probe without a location', { probes: [{ replicas: 1 }] }, 'location'],
    ['the location that the worker has already', { probes: [{ location: 'default' }] }, 'location'],
    ['a name that no Secret can have', { secrets: ['Shop_DB'] }, 'secrets'],
    [
      'a codec server without a key',
      { codec: { enabled: true, token: '${file:/run/secrets/knowngood/x/y}' } },
      'secrets',
    ],
    ['a codec server that asks for nothing', { codec: { enabled: true, secrets: ['x'] } }, 'token'],
    ['a token in clear', { codec: { enabled: true, secrets: ['x'], token: 'not-for-everybody' } }, 'token'],
    [
      'a codec server for no page',
      { codec: { enabled: true, secrets: ['x'], token: '${file:/run/secrets/knowngood/x/y}' } },
      'config.ui.address',
    ],
    ['a page where an origin belongs', { codec: { origins: ['https://temporal.example/ui'] } }, 'origins'],
    ['no replica', { worker: { replicas: 0 } }, 'replicas'],
  ] as const)
    it(what, async () => {
      const { code, output } = await helm('template', 'prod', chart, ...kube, '-f', values({ ...small, ...bend }));
      expect(code).not.toBe(0);
      expect(output).toContain(says);
    });
});

it('what the README names as values is there, and what is there is named', () => {
  const readme = readFileSync(join(chart, 'README.md'), 'utf8');
  const all = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as Readonly<Record<string, unknown>>;
  const table = readme.slice(readme.indexOf('## Values'), readme.indexOf('## What a pod'));
  for (const name of Object.keys(all)) expect(table).toContain(name);
});

it('its version is the package’s', () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  expect(parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version });
});
