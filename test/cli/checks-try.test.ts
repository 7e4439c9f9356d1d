/** `knowngood checks try` on real parts: what each check sees now, from where it is measured. */
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { command } from '../support/cli.ts';
import { silentEvents } from '../support/summaries.ts';
import { freePort, useRig } from '../support/rig.ts';

const nobodyListens = await freePort();
const rig = useRig({
  checks: () => `
      advice: { tcp: { host: 127.0.0.1, port: ${nobodyListens} }, level: advisory }
      far: { tcp: { host: 127.0.0.1, port: ${nobodyListens} }, level: advisory, location: nowhere }`,
});
const tried = (...args: readonly string[]) =>
  command('checks', 'try', ...args, '--config', join(rig().folder, 'knowngood.yaml'));

it('shows what each one saw, and where nobody could look; advisory ones make no exit code', async () => {
  const { code, out } = await tried(rig().targetName);
  const lines = out.split('\n');
  expect(lines[0]).toMatch(/^RESULT +CHECK +KIND +LEVEL +FROM +TOOK +SAID$/);
  const of = (name: string): string => lines.find((line) => line.includes(name)) ?? '';
  expect(of('image-service/login')).toMatch(/^pass +image-service\/login +sql +required +default +\d+ ms/);
  expect(of('image-service/advice')).toMatch(/^fail .* refused ECONNREFUSED/);
  expect(of('image-service/far')).toMatch(/^absent .* no probe answers at location nowhere\. Start it there: /);
  expect(code).toBe(0);
}, 60_000);

it('asks one by its name, and says which there are', async () => {
  const one = await tried(rig().targetName, 'image-service/login', '--json');
  expect(one.json()).toMatchObject({
    version: 1,
    exitCode: 0,
    checks: [{ name: 'image-service/login', kind: 'sql', sample: { mark: 'pass' }, problem: null }],
  });
  const wrong = await tried(rig().targetName, 'image-service/logon');
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('has no check "image-service/logon"') });
  expect(wrong.err).toContain('image-service/advice, image-service/far, image-service/login');
  expect(await tried('another-db')).toMatchObject({ code: 1 });
});

it('ends in 13 when a required one does not pass; nothing is recorded, and every step says what it does', async () => {
  await rig().inStore('delete from knowngood.samples');
  await rig().stopAgent();
  await rig().target.stop();
  const { code, out } = await tried(rig().targetName, 'image-service/login');
  await rig().target.start();
  await rig().startAgent();
  expect([code, out]).toEqual([13, expect.stringMatching(/^fail +image-service\/login .* refused ECONNREFUSED/m)]);
  await rig().inStore('do $$ begin assert not exists (select from knowngood.samples); end $$');
  expect(await silentEvents(rig().client, "WorkflowType = 'tryChecks'")).toEqual([]);
}, 60_000);
