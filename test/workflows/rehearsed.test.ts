/** A declared change is tried on a scratch server before anybody is asked to approve it. On real parts. */
import { expect, it } from '@jest/globals';
import { useRig } from '../support/rig.ts';

const rig = useRig({
  rehearsal: true,
  agentYaml: () => 'allow: { settings: [session_preload_libraries, shared_preload_libraries] }',
});

it('one that a server takes goes on, and says that it was rehearsed', async () => {
  const change = await rig().start({ change: { kind: 'config', settings: { work_mem: '6MB' } } });
  const result = await change.outcome();
  expect(result).toMatchObject({ outcome: 'kept' });
  const said = result.timeline.map(({ text }) => text).join('\n');
  expect(said).toMatch(/rehearsed in \d+\.\d s: nothing speaks against it/);
});

it.each([
  ['session_preload_libraries', 'forbidden'],
  ['shared_preload_libraries', 'allowed'],
] as const)('one with a missing library in %s is refused, and nothing was touched', async (name, restart) => {
  const before = await rig().configuration();
  const change = await rig().start({ change: { kind: 'config', settings: { [name]: 'no_such_library' }, restart } });
  const result = await change.outcome();
  expect(result).toMatchObject({ outcome: 'rejected', reason: 'preflight-refused' });
  expect(result.summary).toMatch(/^rehearsed, and ./);
  expect(JSON.stringify(result.problems)).toContain('no_such_library');
  expect(result.moments.armed).toBeNull();
  expect(await rig().configuration()).toEqual(before);
});
