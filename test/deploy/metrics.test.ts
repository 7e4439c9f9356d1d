/** What deploy/ asks of Prometheus is what Knowngood tells it; the rules are tried out by Prometheus' own tool, where it can be had. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { agentFigures } from '../../metrics/agent.ts';
import { countingChanges } from '../../metrics/changes.ts';
import { countingSamples } from '../../metrics/checks.ts';
import { targetFigures } from '../../metrics/targets.ts';
import { lazyStore } from '../../store/lazy-store.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';

const folder = join(packageRoot, 'deploy', 'prometheus');
const read = (...path: string[]): string => readFileSync(join(packageRoot, ...path), 'utf8');

async function told(): Promise<ReadonlySet<string>> {
  const registry = new Registry();
  const store = lazyStore(() => Promise.reject(new Error('there is none')));
  countingChanges(store, registry);
  countingSamples(async () => {}, registry);
  targetFigures(store, registry);
  agentFigures(
    () => ({ target: 'x', open: null, remaining: [] }),
    () => true,
    registry,
  );
  const metrics = await registry.getMetricsAsJSON();
  return new Set(
    metrics.flatMap(({ name, type }) =>
      String(type) === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    ),
  );
}

const namesIn = (text: string): readonly string[] => [...new Set(text.match(/\bknowngood_[a-z_]+/g) ?? [])];

it('alerts, their trial, the dashboard and the docs name figures that there are, and the docs name all of them', async () => {
  const known = await told();
  for (const text of [
    read('deploy', 'prometheus', 'alerts.yml'),
    read('deploy', 'prometheus', 'alerts.test.yml'),
    read('deploy', 'grafana', 'knowngood.json'),
  ])
    expect(namesIn(text).filter((name) => !known.has(name))).toEqual([]);
  const documented = new Set(namesIn(read('docs', 'metrics.md')));
  const bare = [...known].map((name) => name.replace(/_(bucket|count|sum)$/, ''));
  expect(bare.filter((name) => !documented.has(name))).toEqual([]);
});

it('every alert says what is the matter and what to do', () => {
  const { groups } = parse(read('deploy', 'prometheus', 'alerts.yml')) as {
    groups: { rules: { alert: string; annotations: { summary: string; description: string } }[] }[];
  };
  for (const { alert, annotations } of groups.flatMap(({ rules }) => rules)) {
    expect([alert, annotations.summary.endsWith('.'), annotations.description.length > 10]).toEqual([
      alert,
      true,
      true,
    ]);
  }
});

/** Of every panel, as Prometheus gets them: for all targets, over five minutes. */
function asked(): readonly string[] {
  const { panels } = JSON.parse(read('deploy', 'grafana', 'knowngood.json')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const here = (expr: string): string => expr.replaceAll('$target', '.*').replaceAll('$__rate_interval', '5m');
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => here(expr)));
}

it('whoever asks for measurements says whether of shadows, which decide nothing', () => {
  const { groups } = parse(read('deploy', 'prometheus', 'alerts.yml')) as { groups: { rules: { expr: string }[] }[] };
  const rules = groups.flatMap((group) => group.rules.map(({ expr }) => expr));
  const ofChecks = [...asked(), ...rules].flatMap((expr) => expr.match(/knowngood_check_[a-z_]+(\{[^}]*\})?/g) ?? []);
  expect(ofChecks.length).toBeGreaterThan(1);
  expect(ofChecks.filter((selector) => !/[{,]shadow="(true)?"[,}]/.test(selector))).toEqual([]);
});

/** Of the panels that count measurements, tried out: a check that decides fails once a second, a shadow twice. */
function trialOfFailures(): object {
  const series = (labels: string, perMinute: number) => ({
    series: `knowngood_check_samples_total{target="shop-db", ${labels}}`,
    values: `0+${perMinute}x10`,
  });
  const exprs = asked().filter((expr) => expr.includes('knowngood_check_samples_total'));
  const answer = (labels: string, value: number) => [{ labels: `{check="${labels}", result="fail"}`, value }];
  const want = [answer('shop/images', 1), answer('shop/search', 2)];
  return {
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: [
          series('check="shop/images", result="fail"', 60),
          series('check="shop/images", result="pass"', 600),
          series('check="shop/search", result="fail", shadow="true"', 120),
        ],
        promql_expr_test: exprs.map((expr, at) => ({ expr, eval_time: '10m', exp_samples: want[at] ?? [] })),
      },
    ],
  };
}

/** On PATH; with KNOWNGOOD_TEST_FULL=1 out of Debian's package, when this host has Debian's sources. */
function promtool(into: string): string | null {
  if (spawnSync('promtool', ['--version']).status === 0) return 'promtool';
  if (process.env['KNOWNGOOD_TEST_FULL'] !== '1') return null;
  if (spawnSync('apt-get', ['download', 'prometheus'], { cwd: into }).status !== 0) return null;
  const archive = readdirSync(into).find((name) => name.endsWith('.deb'));
  if (archive === undefined) return null;
  execFileSync('dpkg-deb', ['-x', join(into, archive), into]);
  return join(into, 'usr', 'bin', 'promtool');
}

it('the rules do what they say, and panels of failures leave shadows to a panel of their own', () => {
  const into = mkdtempSync(join(tmpdir(), 'knowngood-promtool-'));
  try {
    const tool = promtool(into);
    if (tool === null) {
      console.log('promtool is not on PATH: rules and panels were not tried out here');
      return;
    }
    const trial = join(into, 'trial.json');
    writeFileSync(trial, JSON.stringify(trialOfFailures()));
    for (const args of [
      ['test', 'rules', trial],
      ['check', 'rules', 'alerts.yml'],
      ['test', 'rules', 'alerts.test.yml'],
      ['check', 'config', '--syntax-only', 'scrape.yml'],
    ]) {
      const { status, stdout, stderr } = spawnSync(tool, args, { cwd: folder, encoding: 'utf8' });
      expect([args, status, status === 0 ? '' : stdout + stderr]).toEqual([args, 0, '']);
    }
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
});
