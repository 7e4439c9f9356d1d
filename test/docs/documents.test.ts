/** What the documents promise exists: commands, example files, the composition, links. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { parseAgentConfig } from '../../config/agent.ts';
import { loadChangeFile } from '../../config/change-file.ts';
import { loadRolloutFile } from '../../config/rollout-file.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
import { parseProbeConfig } from '../../config/probe.ts';
import { processIo } from '../../cli/io.ts';
import { createProgram } from '../../cli/program.ts';

const root = join(dirname(new URL(import.meta.url).pathname), '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const commandNames = (): string[] =>
  createProgram(processIo(), () => undefined).commands.map((command) => command.name());

const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'deploy/helm/knowngood/README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

for (const path of documents) {
  describe(`the document ${path}`, () => {
    it('names only commands that exist', () => {
      const named = [...read(path).matchAll(/(?:npx knowngood|^\$ knowngood|`knowngood) ([a-z]+)/gm)].map(
        ([, name]) => name,
      );
      expect(commandNames()).toEqual(expect.arrayContaining([...new Set(named)]));
    });
    it('links only to files that exist', () => {
      const targets = [...read(path).matchAll(/\]\(([^)#:]+)\)/g)].map(([, target]) => target ?? '');
      expect(targets.filter((target) => !existsSync(join(root, dirname(path), target)))).toEqual([]);
    });
  });
}

describe('the examples', () => {
  it('are accepted as they are', async () => {
    expect(parseKnowngoodConfig(read('examples/knowngood.yaml'), 'knowngood.yaml')).toMatchObject({ kind: 'ok' });
    expect(parseAgentConfig(read('examples/agent.yaml'), 'agent.yaml')).toMatchObject({ kind: 'ok' });
    expect(parseProbeConfig(read('examples/probe.yaml'), 'probe.yaml')).toMatchObject({ kind: 'ok' });
    const [, approvals = ''] = /```yaml\n([^]*?)```/.exec(read('docs/approvals.md')) ?? [];
    expect(parseKnowngoodConfig(approvals, 'approvals.md')).toMatchObject({ kind: 'ok' });
    const rollout = await loadRolloutFile(join(root, 'examples', 'rollout.yaml'), { rolloutId: 'example' });
    expect(rollout).toMatchObject({ rolloutId: 'more-work-mem', waves: { size: 20 } });
    for (const name of ['change.yaml', 'grant.yaml']) {
      const request = await loadChangeFile(join(root, 'examples', name), { changeId: 'example' });
      expect(request).toMatchObject({ target: 'shop-db' });
    }
  });
});

describe('the units of systemd', () => {
  it('run only commands and options that exist', () => {
    const folder = join(root, 'deploy', 'systemd');
    for (const unit of readdirSync(folder)) {
      const line = /^ExecStart=\/usr\/bin\/knowngood (.*)$/m.exec(readFileSync(join(folder, unit), 'utf8'))?.[1] ?? '';
      const [name, ...words] = line.split(' ');
      const program = createProgram(processIo(), () => undefined);
      const command = program.commands.find((one) => one.name() === name);
      const known = [...program.options, ...(command?.options ?? [])].map(({ long }) => long);
      expect(known).toEqual(expect.arrayContaining(words.filter((word) => word.startsWith('--'))));
      expect(command).toBeDefined();
    }
  });
});

describe('docker-compose.yml', () => {
  const composition = parse(read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { command?: string[]; image?: string; volumes?: string[]; depends_on?: unknown }>;
    volumes: Record<string, unknown>;
  };
  it('runs only commands that exist', () => {
    const own = Object.values(composition.services).filter(({ image }) => image === 'knowngood:local');
    expect(own.map(({ command }) => command?.[0])).toEqual(['worker', 'agent']);
    expect(commandNames()).toEqual(expect.arrayContaining(own.map(({ command }) => command?.[0])));
  });
  it('mounts only volumes and files that are there', () => {
    const sources = Object.values(composition.services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0] ?? ''),
    );
    const missing = sources.filter((source) =>
      source.startsWith('.') ? !existsSync(join(root, source)) : !(source in composition.volumes),
    );
    expect(missing).toEqual([]);
  });
  it('starts with configuration files that are accepted', () => {
    expect(parseKnowngoodConfig(read('deploy/compose/knowngood.yaml'), 'k')).toMatchObject({ kind: 'ok' });
    expect(parseAgentConfig(read('deploy/compose/agent.yaml'), 'a')).toMatchObject({ kind: 'ok' });
  });
});
