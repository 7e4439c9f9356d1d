/** What a failing check brings: people are asked, its team is told, or it is only recorded. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { command } from '../support/cli.ts';
import { eventually } from '../support/processes.ts';
import { type HttpReceiver, startHttpReceiver } from '../support/receivers.ts';
import { useRig } from '../support/rig.ts';
import { join } from 'node:path';

/** By path; 200 where nothing is said. */
let answers: Record<string, number> = {};
const page = createServer((request, response) => {
  response.statusCode = answers[request.url ?? ''] ?? 200;
  response.end();
});
let port = 0;
let team: HttpReceiver;
beforeAll(async () => {
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  ({ port } = page.address() as AddressInfo);
  team = await startHttpReceiver();
});
afterAll(async () => {
  page.close();
  await team.stop();
});
beforeEach(() => {
  answers = {};
  team.received.length = 0;
});

const rig = useRig({
  soak: '4s',
  holdTimeout: '8s',
  policy: 'onInconclusive: revert',
  checks: () =>
    ['hold', 'notify', 'shadow']
      .map((name) => {
        const brings = name === 'shadow' ? 'shadow: true' : `onFail: ${name}`;
        return `      ${name}: { http: { url: 'http://127.0.0.1:${port}/${name}' }, ${brings} }`;
      })
      .join('\n'),
  teams: () => `
teams:
  application: { notify: [{ webhook: { url: ${team.address} } }] }
notifications: { allowPrivate: [127.0.0.1] }
`,
});

const change = { kind: 'config', settings: { work_mem: '8MB' } } as const;
const told = (): readonly string[] => team.received.map(({ json }) => String(json?.type ?? ''));

it('a failing check that notifies is told once, a shadow is only recorded, and the change is kept', async () => {
  const handle = await rig().start({ change });
  await handle.reaches('watch');
  Object.assign(answers, { '/notify': 503, '/shadow': 503 });
  const result = await handle.outcome();
  expect(result).toMatchObject({ outcome: 'kept', reason: 'soak-healthy' });
  const lines = result.timeline.map(({ text }) => text);
  expect(lines).toContainEqual(
    expect.stringMatching(
      /^shadow: would have reverted the change at \d\d:\d\d:\d\d UTC: image-service\/shadow failed 3/,
    ),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^image-service\/notify failed 3 .*; its team is told/));
  await eventually('the end is told', async () => told().some((type) => type.endsWith('kept')), 20_000);
  expect(told().filter((type) => type.endsWith('degraded'))).toHaveLength(1);
  expect(told().filter((type) => type.endsWith('failing'))).toEqual([]);
  expect(team.received.map(({ text }) => text).join('\n')).not.toContain('image-service/shadow');
  const { report } = await rig().recorded(handle.changeId);
  expect(report?.markdown).toMatch(/Shadow check: it would have reverted the change at/);
}, 90_000);

it('a failing check that holds asks people, and a hold that it leaves ends by itself', async () => {
  const handle = await rig().start({ change: { kind: 'config', settings: { work_mem: '9MB' } } });
  await handle.reaches('watch');
  answers['/hold'] = 503;
  const { timeline } = await handle.reaches('hold');
  expect(timeline.at(-1)?.text).toMatch(
    /^image-service\/hold failed 3 times in a row: 503.*; for this check people decide$/,
  );
  answers = {};
  expect(await handle.outcome()).toMatchObject({ outcome: 'kept', reason: 'soak-healthy' });
}, 90_000);

it('where nobody decides about it, it has failed: the reason and what the dependents suffered say so', async () => {
  const handle = await rig().start({ change: { kind: 'config', settings: { work_mem: '10MB' } } });
  await handle.reaches('watch');
  answers['/hold'] = 503;
  await handle.reaches('hold');
  expect(await handle.outcome()).toMatchObject({
    outcome: 'reverted',
    reason: 'check-failed',
    dependents: 'still-failing',
    summary: expect.stringContaining('nobody decided, and image-service/hold failed'),
  });
}, 150_000);

it('red before the change, only the one that holds keeps it from beginning', async () => {
  answers = { '/notify': 503, '/shadow': 503 };
  const goesOn = await rig().start({ change: { kind: 'config', settings: { work_mem: '11MB' } } });
  const kept = await goesOn.outcome();
  expect(kept.outcome).toBe('kept');
  const lines = kept.timeline.map(({ text }) => text).join('\n');
  expect(lines).toContain(
    'red before the change, so nobody is told what they find: image-service/notify, image-service/shadow',
  );
  expect(lines).not.toContain('would have');
  expect(told().filter((type) => type.endsWith('degraded'))).toEqual([]);
  answers = { '/hold': 503 };
  const blocked = await rig().start({ change: { kind: 'config', settings: { work_mem: '12MB' } } });
  expect(await blocked.outcome()).toMatchObject({ outcome: 'rejected', reason: 'baseline-red' });
}, 90_000);

it('is shown beside each check, and makes no exit code of one that brings nothing', async () => {
  answers = { '/shadow': 503 };
  const tried = await command('checks', 'try', rig().targetName, '--config', join(rig().folder, 'knowngood.yaml'));
  expect(tried.code).toBe(0);
  expect(tried.out).toMatch(/^fail +image-service\/shadow +http +shadow /m);
  expect(tried.out).toMatch(/^pass +image-service\/hold +http +required, hold /m);
  expect(tried.out).toMatch(/^pass +image-service\/notify +http +advisory, notify /m);
}, 60_000);
