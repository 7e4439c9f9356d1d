/** Any Temporal client may start the workflow with anything: it ends and names the field; it is never wedged. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { WorkflowFailedError } from '@temporalio/client';
import type { ChangeResult } from '../../domain/result.ts';
import { failedTasks, startRaw, within } from '../support/raw.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig();

const long = 'x'.repeat(200_000);
const manyKeys = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`key_${i}`, 1]));
const deep = JSON.parse('['.repeat(1_000) + ']'.repeat(1_000)) as unknown;
const config = { kind: 'config', settings: { work_mem: '6MB' } };

/** A payload of a workflow is not to be larger. */
const payloadLimitBytes = 64 * 1024;

describe('a request that is no request fails at once and names the field', () => {
  for (const [what, args, said] of [
    ['nothing at all', [], 'the request must be an object'],
    ['null', [null], 'the request must be an object'],
    ['a number', [5], 'the request must be an object'],
    ['a text', ['shop-db'], 'the request must be an object'],
    ['a list', [[]], 'the request must be an object'],
    ['no target', [{ changeId: 'c', change: config }], 'target'],
    ['a target that is a number', [{ target: 5, changeId: 'c', change: config }], 'target'],
    ['a target that is no name', [{ target: 'Shop\nDB', changeId: 'c', change: config }], 'target'],
    ['an endless target', [{ target: long, changeId: 'c', change: config }], 'target'],
    ['an empty target', [{ target: '', changeId: 'c', change: config }], 'target'],
    ['no change id', [{ target: 't', change: config }], 'changeId'],
    ['an endless change id', [{ target: 't', changeId: long, change: config }], 'changeId'],
  ] as const) {
    it(what, async () => {
      const handle = await startRaw(rig().client, [...args], `garbage-${randomBytes(4).toString('hex')}`);
      const failure = await within(handle.result(), handle).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(WorkflowFailedError);
      const message = (failure as WorkflowFailedError).cause?.message ?? '';
      expect(message).toContain(said);
      expect(message.length).toBeLessThan(500);
      expect(await failedTasks(handle)).toEqual([]);
    });
  }
});

describe('a request with a mistake ends rejected, names the field and touches nothing', () => {
  for (const [what, bend, said] of [
    ['no change', { change: undefined }, '"change" is missing'],
    ['a change that is null', { change: null }, 'change: expected'],
    ['a change that is a list', { change: [] }, 'change'],
    ['a change that is a text', { change: 'config' }, 'change'],
    ['an unknown kind', { change: { kind: 'nope' } }, 'kind must be'],
    ['a kind that is an object', { change: { kind: { a: 1 } } }, 'kind must be'],
    ['a reason that is a number', { reason: 5 }, 'reason'],
    ['a reason that is an object', { reason: { a: 1 } }, 'reason'],
    ['an endless reason', { reason: long }, 'reason: is longer than'],
    ['a requester that is an object', { requestedBy: {} }, 'requestedBy'],
    ['an endless requester', { requestedBy: long }, 'requestedBy: is longer than'],
    ['overrides that are a text', { overrides: 'soak' }, 'overrides'],
    ['a duration that is a number', { overrides: { soak: 5 } }, 'overrides.soak: 5 is not a duration'],
    ['a negative duration', { overrides: { soak: '-1s' } }, 'overrides.soak: "-1s" is not a duration'],
    ['an endless duration', { overrides: { soak: long } }, 'overrides.soak'],
    ['settings that are a text', { change: { kind: 'config', settings: 'x' } }, 'change.settings'],
    ['a setting without end', { change: { kind: 'config', settings: { [long]: 1 } } }, 'change.settings'],
    ['a value without end', { change: { kind: 'config', settings: { work_mem: long } } }, 'too large'],
    ['a file without end', { change: { kind: 'config', files: { 'x.conf': long } } }, 'too large'],
    ['a path without end', { change: { kind: 'config', files: { [long]: '' } } }, 'change.files'],
    ['hba edits that are none', { change: { kind: 'config', hba: [null, 5, {}] } }, 'change.hba[0]'],
    ['an endless description', { change: { kind: 'external', description: long } }, 'change.description'],
    ['an endless unknown key', { [long]: 1 }, 'unknown key'],
    ['thousands of unknown keys', { ...manyKeys }, 'unknown key "key_0"'],
    ['thousands of keys in the change', { change: { kind: 'command', name: 'x', ...manyKeys } }, 'unknown key'],
    ['thousands of unknown settings', { change: { kind: 'config', settings: many(1_500) } }, 'unknown setting "key_0"'],
    ['a bottomless value', { change: deep }, 'change'],
    ['a key __proto__', { change: JSON.parse('{"kind":"config","__proto__":{"a":1}}') as object }, '__proto__'],
    ['another workflow id', { changeId: 'somebody-elses' }, 'does not belong to this change'],
  ] as const) {
    it(what, async () => {
      const before = await rig().configuration();
      const changeId = `bad-${randomBytes(4).toString('hex')}`;
      const { targetName } = rig();
      const handle = await startRaw(
        rig().client,
        [{ target: targetName, changeId, change: config, ...bend }],
        `knowngood:${targetName}:${changeId}`,
      );
      const result = (await within(handle.result(), handle)) as ChangeResult;
      expect(result).toMatchObject({ outcome: 'rejected' });
      expect(['invalid-request', 'preflight-refused']).toContain(result.reason);
      expect(result.problems.map(({ message }) => message).join('\n')).toContain(said);
      expect(JSON.stringify(result).length).toBeLessThan(payloadLimitBytes);
      expect(await failedTasks(handle)).toEqual([]);
      expect(await rig().configuration()).toEqual(before);
    });
  }
});

describe('a look with garbage ends', () => {
  for (const [what, args] of [
    ['null', [null]],
    ['nothing', []],
    ['a number', [{ target: 5 }]],
    ['an endless target', [{ target: long }]],
  ] as const)
    for (const workflow of ['takeSnapshot', 'planChange', 'proveChecks'])
      it(`${workflow} of ${what}`, async () => {
        const handle = await startRaw(rig().client, [...args], `look-${randomBytes(4).toString('hex')}`, workflow);
        expect(await within(handle.result(), handle)).toMatchObject({ kind: 'refused' });
        expect(await failedTasks(handle)).toEqual([]);
      });
});

function many(count: number): object {
  return Object.fromEntries(Object.entries(manyKeys).slice(0, count));
}
