/** A change window that closes while a change waits for its approval. On real parts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { useRig } from '../support/rig.ts';

const open = "windows: [{ from: '00:00', to: '12:00' }, { from: '12:00', to: '00:00' }]";
const rig = useRig({ policy: `approvals: { low: 1 }\n    fourEyes: false\n    ${open}` });

it('an approval that comes when it is over is too late: nothing was touched', async () => {
  const before = await rig().configuration();
  const path = join(rig().folder, 'knowngood.yaml');
  const yaml = readFileSync(path, 'utf8');
  const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '6MB' } } });
  await change.reaches('approve');
  const hour = String((new Date().getUTCHours() + 12) % 24).padStart(2, '0');
  writeFileSync(path, yaml.replace(open, `windows: [{ from: '${hour}:00', to: '${hour}:30' }]`));
  try {
    await change.executeUpdate('approve', { args: ['kim: go'] });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'rejected', reason: 'preflight-refused' });
    expect(result.problems).toMatchObject([{ code: 'outside-window' }]);
    expect(result.moments.armed).toBeNull();
    expect(await rig().configuration()).toEqual(before);
  } finally {
    writeFileSync(path, yaml);
  }
});

it('an approval in time is one', async () => {
  const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '6MB' } } });
  await change.reaches('approve');
  await change.executeUpdate('approve', { args: ['kim: go'] });
  expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
});
