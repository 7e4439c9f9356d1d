/** A soak that proves nothing is held, and a hold lasts no longer than its reason. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { useRig } from '../support/rig.ts';

let answer = 200;
const page = createServer((_, response) => {
  response.statusCode = answer;
  response.end();
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  ({ port } = page.address() as AddressInfo);
});
afterAll(() => void page.close());

const rig = useRig({
  soak: '2s',
  holdTimeout: '40s',
  policy: 'onInconclusive: revert',
  checks: () => `      page:
        http: { url: 'http://127.0.0.1:${port}/', status: 200 }
        failures: 1000
        level: required`,
});

it('a dependent that is well again soon after the soak keeps the change soon after that', async () => {
  const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '8MB' } } });
  await change.reaches('watch');
  answer = 503;
  await change.reaches('hold');
  answer = 200;
  const beganAt = Date.now();
  expect(await change.outcome()).toMatchObject({ outcome: 'kept', reason: 'soak-healthy' });
  expect(Date.now() - beganAt).toBeLessThan(15_000);
});
