/**
 * What the documents promise is there: links, commands and their options, examples, the composition. What they show is read by
 * whoever would read it; what they say to type is run, by `commands.test.ts`, `get-started.test.ts` or a test that is named.
 */
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
import { problemOfLine } from './cli-words.ts';
import { type Page, commandsOf, isCommands, pages } from './pages.ts';
import { allOf, elsewhere, signedStories, stories, whoElseRuns } from './stories.ts';
import { problemsOf } from './yaml.ts';

const root = join(dirname(new URL(import.meta.url).pathname), '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const commandNames = (): string[] =>
  createProgram(processIo(), () => undefined).commands.map((command) => command.name());

const all = pages();
const byPath = new Map(all.map((page) => [page.path, page]));
/** What changes only by being written anew: what it names may be long gone. */
const isHistory = ({ path }: Page): boolean => path === 'CHANGELOG.md' || path.startsWith('docs/decisions/');
/** Usage lines, written by the program itself. */
const reference = 'docs/cli.md';
const told = all.filter((page) => !isHistory(page) && page.path !== reference);

describe.each(all.map((page) => [page.path, page] as const))('the page %s', (path, page) => {
  it('links to what is there: files, and headings in them', () => {
    const broken = page.links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && byPath.get(target)?.anchors.has(anchor) !== true;
    });
    expect(broken).toEqual([]);
  });
});

describe.each(told.map((page) => [page.path, page] as const))('what the page %s shows', (path, page) => {
  it('is of a language that somebody here reads', () => {
    const others = ['yaml', 'console', 'sh', 'text', 'mermaid', ''];
    const unread = page.blocks.filter(
      ({ language }) => !others.includes(language) && whoElseRuns(path, language) === null,
    );
    expect(unread).toEqual([]);
  });

  it('as YAML is accepted by whoever would read it', async () => {
    const problems = [];
    for (const { text } of page.blocks.filter(({ language }) => language === 'yaml'))
      for (const problem of await problemsOf(text)) problems.push(`${text.split('\n')[0]} … ${problem}`);
    expect(problems).toEqual([]);
  });

  it('as commands is run by a test, or there is a reason why not', () => {
    const steps = [...(stories[path] ?? []), ...(signedStories[path] ?? [])]
      .flatMap(allOf)
      .map(({ command }) => command);
    const commands = page.blocks.filter(isCommands).flatMap(commandsOf);
    expect(commands.filter((one) => !steps.includes(one) && whoElseRuns(path, one) === null)).toEqual([]);
    expect(steps.filter((one) => !commands.includes(one) && !page.spans.includes(one))).toEqual([]);
  });

  it('as commands of ours are commands and options that there are', () => {
    const lines = [...page.blocks.filter(isCommands).flatMap(commandsOf), ...page.spans];
    expect(lines.map((line) => [line, problemOfLine(line)]).filter(([, problem]) => problem !== null)).toEqual([]);
  });
});

it('whoever is said to run a command is there, and what is said is still asked', () => {
  for (const [path, of] of Object.entries(elsewhere)) {
    const page = byPath.get(path);
    const known = [...(page?.blocks ?? []).flatMap((block) => [block.language, ...commandsOf(block)]), '*'];
    expect(known).toEqual(expect.arrayContaining(Object.keys(of)));
    for (const who of Object.values(of)) if ('by' in who) expect(existsSync(join(root, 'test', who.by))).toBe(true);
  }
  for (const path of [...Object.keys(stories), ...Object.keys(signedStories)]) expect(byPath.has(path)).toBe(true);
});

it('every page stands in the index', () => {
  const index = byPath.get('docs/README.md');
  const inFolder = told.map(({ path }) => path).filter((path) => path.startsWith('docs/') && path !== 'docs/README.md');
  expect(index?.links.map((link) => join('docs', link))).toEqual(expect.arrayContaining([...inFolder, reference]));
});

describe('the examples', () => {
  it('are accepted as they are', async () => {
    expect(parseKnowngoodConfig(read('examples/knowngood.yaml'), 'knowngood.yaml')).toMatchObject({ kind: 'ok' });
    expect(parseAgentConfig(read('examples/agent.yaml'), 'agent.yaml')).toMatchObject({ kind: 'ok' });
    expect(parseProbeConfig(read('examples/probe.yaml'), 'probe.yaml')).toMatchObject({ kind: 'ok' });
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
