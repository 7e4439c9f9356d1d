/** What deploy/ asks of Prometheus is what Knowngood tells it; the rules are tried out by Prometheus' own tool, where it can be had. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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

it('the rules do what they say', () => {
  const into = mkdtempSync(join(tmpdir(), 'knowngood-promtool-'));
  try {
    const tool = promtool(into);
    if (tool === null) {
      console.log('promtool is not on PATH: the rules were not tried out here');
      return;
    }
    for (const args of [
      ['check', 'rules', 'alerts.yml'],
      ['test', 'rules', 'alerts.test.yml'],
      ['check', 'config', '--syntax-only', 'scrape.yml'],
    ])
      expect(spawnSync(tool, args, { cwd: folder, encoding: 'utf8' })).toMatchObject({ status: 0 });
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
});
