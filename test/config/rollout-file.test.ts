import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { admitRollout } from '../../config/admit-rollout.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
import { ProblemsError } from '../../config/problems-error.ts';
import { loadRolloutFile } from '../../config/rollout-file.ts';
import type { KnowngoodConfig } from '../../domain/config.ts';
import type { RolloutRequest } from '../../domain/rollout/rollout.ts';

const folder = mkdtempSync(join(tmpdir(), 'knowngood-rollout-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function load(text: string): Promise<RolloutRequest | readonly string[]> {
  const path = join(folder, 'rollout.yaml');
  writeFileSync(path, text);
  try {
    return await loadRolloutFile(path, { rolloutId: 'made' });
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems.map(({ message }) => message.replace(`${path}:`, ''));
  }
}

describe('rollout.yaml', () => {
  it('is a change and its targets; files are read beside it', async () => {
    writeFileSync(join(folder, 'memory.conf'), 'work_mem = 8MB\n');
    const text =
      'targets: { names: [a] }\nchange: { files: { conf.d/memory.conf: ./memory.conf } }\nrestart: allowed\n';
    expect(await load(text)).toEqual({
      rolloutId: 'made',
      targets: { names: ['a'] },
      change: { kind: 'config', files: { 'conf.d/memory.conf': 'work_mem = 8MB\n' }, restart: 'allowed' },
    });
  });

  for (const [what, text, want] of [
    [
      'an unknown key, with the nearest known one',
      'targets: { names: [a] }\ncanarry: 1\nchange: { settings: { work_mem: 1MB } }',
      /canarry/,
    ],
    [
      'a selector that is none',
      'targets: { labels: "tier=" }\nchange: { settings: { work_mem: 1MB } }',
      /is not a selector/,
    ],
    [
      'a pause that is none',
      'targets: { names: [a] }\nwaves: { pause: soon }\nchange: { settings: { work_mem: 1MB } }',
      /is not a pause/,
    ],
    [
      'a name too long for the undo',
      `rollout: ${'x'.repeat(59)}\ntargets: { names: [a] }\nchange: { settings: { work_mem: 1MB } }`,
      /longer than 58/,
    ],
    [
      'a literal secret',
      'targets: { names: [a] }\nchange: { sql: [{ database: d, statement: "alter role r password \'x\'" }] }',
      /password/,
    ],
    [
      'a snapshot of one of them',
      `targets: { names: [a] }\nchange: { restore: { snapshot: ${'a'.repeat(64)} } }`,
      /belongs to one target/,
    ],
  ] as const)
    it(`is refused with ${what}`, async () => {
      expect(await load(text)).toEqual(expect.arrayContaining([expect.stringMatching(want)]));
    });
});

describe('the admission of a rollout', () => {
  const yaml = `
targets:
  eu-1: { connection: postgresql://k@h/d, labels: { region: eu } }
  eu-2: { connection: postgresql://k@h/d, labels: { region: eu } }
  us-1: { connection: postgresql://k@h/d }
`;
  const parsed = parseKnowngoodConfig(yaml, 'knowngood.yaml');
  const config = (parsed.kind === 'ok' ? parsed.value : null) as KnowngoodConfig;
  const request = {
    rolloutId: 'r',
    change: { kind: 'config', settings: { work_mem: '8MB' } },
    targets: { labels: 'region=eu' },
  };

  it('fills in every default', () => {
    expect(admitRollout(config, request)).toMatchObject({
      kind: 'admitted',
      rollout: {
        waves: [['eu-1'], ['eu-2']],
        concurrency: 20,
        pauseMs: 0,
        budget: { reverts: 0, failures: 0, redDependents: 0 },
        onHalt: 'undo',
        askMs: 3_600_000,
        notify: null,
      },
    });
    expect(admitRollout(config, { ...request, waves: { pause: 'manual', concurrency: 3 } })).toMatchObject({
      rollout: { pauseMs: null, concurrency: 3 },
    });
  });

  for (const [what, input, code] of [
    ['nothing', null, 'invalid-value'],
    ['a change that changes nothing', { ...request, change: { kind: 'config' } }, 'invalid-value'],
    ['a command', { ...request, change: { kind: 'command', name: 'x' } }, 'invalid-value'],
    ['no target', { ...request, targets: { labels: 'region=mars' } }, 'no-target'],
    ['nobody said which', { ...request, targets: {} }, 'missing-key'],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(admitRollout(config, input)).toMatchObject({
        kind: 'refused',
        problems: expect.arrayContaining([expect.objectContaining({ code })]),
      });
    });
});
