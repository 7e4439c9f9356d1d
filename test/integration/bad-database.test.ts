/** A database or a store that cannot be used, as the doctor and a change tell it; nothing is touched. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { startProcess, type Run } from '../support/cli.ts';
import { freePort, useRig } from '../support/rig.ts';

const rig = useRig();
const folder = mkdtempSync(join(tmpdir(), 'knowngood-bad-database-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const good = (): string => readFileSync(join(rig().folder, 'knowngood.yaml'), 'utf8');
const goodAgent = (): string => readFileSync(join(rig().folder, 'agent.yaml'), 'utf8');
let files = 0;

function written(text: string, name = 'input'): string {
  const path = join(folder, `${name}-${(files += 1)}.yaml`);
  writeFileSync(path, text);
  return path;
}

const knowngood = (...args: string[]): Promise<Run> => startProcess(args, { NO_COLOR: '1' }).done;
const harmless = (): string =>
  written(`target: ${rig().targetName}\nreason: a test\nchange: { settings: { work_mem: 6MB } }\n`, 'change');

describe('a database that cannot be used is named, with the reason', () => {
  for (const [what, bend, said] of [
    [
      'unreachable',
      async (yaml: string) => yaml.replace(/127\.0\.0\.1:\d+\/postgres\n/, `127.0.0.1:${await freePort()}/postgres\n`),
      'cannot connect to',
    ],
    [
      'a wrong password',
      (yaml: string) => yaml.replace(/target-password/, 'image-password'),
      'the server refused the password of',
    ],
    ['no such secret', (yaml: string) => yaml.replace(/target-password/, 'no-such-file'), 'could not read secret file'],
    ['no such database', (yaml: string) => yaml.replace(/\/postgres\n/, '/nope\n'), 'no database for'],
    [
      'no rule for it',
      (yaml: string) => yaml.replace(/postgres@127/, 'image_svc@127').replace('target-password', 'image-password'),
      'does not let',
    ],
  ] as const) {
    it(`${what}: by the doctor`, async () => {
      const config = written(await bend(goodAgent()), 'agent');
      const run = await knowngood('doctor', '--agent-config', config, '--config', join(rig().folder, 'knowngood.yaml'));
      expect(run.code).toBe(1);
      expect(run.out).toMatch(new RegExp(`PROBLEM +agent t-[^ ]+: [^]*${said}`));
      expect(run.out + run.err).not.toContain('image-secret');
    });
  }

  for (const [what, bend, said] of [
    [
      'unreachable',
      async (yaml: string) => yaml.replace(/127\.0\.0\.1:\d+\/postgres\n/, `127.0.0.1:${await freePort()}/postgres\n`),
      'cannot connect to',
    ],
    [
      'a wrong password',
      (yaml: string) => yaml.replace(/target-password/, 'image-password'),
      'the server refused the password of',
    ],
  ] as const)
    it(`${what}: by a change, which touches nothing`, async () => {
      const before = await rig().configuration();
      const path = join(rig().folder, 'agent.yaml');
      const yaml = goodAgent();
      await rig().stopAgent();
      writeFileSync(path, await bend(yaml));
      await rig().startAgent();
      const run = await knowngood('apply', harmless(), '--config', join(rig().folder, 'knowngood.yaml'));
      await rig().stopAgent();
      writeFileSync(path, yaml);
      await rig().startAgent();
      expect(run.code).toBe(13);
      expect(run.out).toContain(said);
      expect(await rig().configuration()).toEqual(before);
    }, 60_000);

  it('a store that does not answer', async () => {
    const config = written(
      good().replace(
        /store: \{ connection: 'postgresql:\/\/postgres@127\.0\.0\.1:\d+/,
        `store: { connection: 'postgresql://postgres@127.0.0.1:${await freePort()}`,
      ),
    );
    const run = await knowngood('report', rig().targetName, '--config', config);
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/ERROR: {2}.*store/);
  });
});
