/** What the pages say to type, typed: each command in a shell, on real parts, in the order of `stories.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sqlOn } from '../support/drift.ts';
import { keyFileIn, peopleWhoApprove } from '../support/approvers.ts';
import { type HttpReceiver, startHttpReceiver } from '../support/receivers.ts';
import { type RigSettings, useRig } from '../support/rig.ts';
import { aKeyPair } from '../support/ssh-agent.ts';
import { houseOf } from './house.ts';
import { readPage } from './pages.ts';
import { type Step, signedStories, stories } from './stories.ts';

let people: HttpReceiver;
beforeAll(async () => {
  people = await startHttpReceiver();
});
afterAll(() => people.stop());

const common: RigSettings = { targetName: 'shop-db', accessLost: 'refused', soak: '500ms' };

function tell(of: Readonly<Record<string, readonly Step[]>>, rig: ReturnType<typeof useRig>): void {
  it.each(Object.entries(of))(
    'of the page %s',
    async (path, steps) => {
      const house = houseOf(rig(), readPage(path));
      // All that is wrong with a page at once.
      const wrong: string[] = [];
      for (const step of steps) await house.step(step).catch((error: Error) => wrong.push(error.message));
      expect(wrong).toEqual([]);
    },
    240_000,
  );
}

describe('the commands', () => {
  const rig = useRig({
    ...common,
    policy: 'approvals: { low: 0, high: 1 }',
    agentYaml: () => 'allow: { sql: true }',
    observe: '{ interval: 1s }',
    rehearsal: true,
    teams: () => `
teams: { application: {}, database: { notify: [{ webhook: { url: '${people.address}' } }] } }
notifications: { allowPrivate: [127.0.0.1] }
`,
  });
  tell(stories, rig);

  it('and the SQL of docs/patroni.md lets a role read files through the server', async () => {
    const grants = readPage('docs/patroni.md').blocks.filter(({ language }) => language === 'sql');
    expect(grants).toHaveLength(1);
    const reads = `set role knowngood; select pg_read_binary_file('pg_hba.conf')`;
    await sqlOn(rig(), 'create role knowngood');
    await expect(sqlOn(rig(), reads)).rejects.toThrow('permission denied');
    await sqlOn(rig(), ...grants.map(({ text }) => text));
    await sqlOn(rig(), reads);
  });
});

describe('the commands, where approvals are signed,', () => {
  const [anna, kim] = [aKeyPair('ed25519', 'anna'), aKeyPair('ed25519', 'kim')];
  const rig = useRig({ ...common, ...peopleWhoApprove({ anna, kim }) });
  beforeAll(() => {
    writeFileSync(join(rig().folder, 'anna.pub'), `${anna.line}\n`);
    mkdirSync(join(rig().folder, '.ssh'));
    keyFileIn(rig(), '.ssh/id_ed25519', anna.file);
  });
  tell(signedStories, rig);
});
