/** Looks that fail: when people hear of it, and what. */
import { describe, expect, it } from '@jest/globals';
import { isFailedLook, looksNotice, looksTelling } from '../../../domain/drift/looks.ts';
import { matterOf } from '../../../domain/notify/notice.ts';
import { noon } from './builders.ts';

const hourMs = 3_600_000;
const by = { workflowId: 'knowngood-drift:shop-db-1', runId: 'run-1' };
const noAgent = { code: 'no-agent', message: 'no agent answers for target shop-db', hint: 'Start it.' };

describe('people hear', () => {
  for (const [name, failingSince, toldAt, now, want] of [
    ['nothing while looks do not fail', null, null, noon, null],
    ['nothing of a short outage', noon, null, noon + hourMs - 1, null],
    ['of one that lasts', noon, null, noon + hourMs, 'failing'],
    ['nothing while they know', noon, noon + hourMs, noon + 24 * hourMs, null],
    ['of it again after a day', noon, noon + hourMs, noon + 25 * hourMs, 'failing'],
    ['that it is over', null, noon, noon + hourMs, 'again'],
  ] as const)
    it(name, () => expect(looksTelling({ failingSince, toldAt }, now)).toBe(want));

  for (const [code, want] of [
    ['no-agent', true],
    ['sql-silent', true],
    ['target-busy', false],
    ['no-known-good', false],
    ['unknown-target', false],
  ] as const)
    it(`${want ? 'of' : 'nothing of'} ${code}`, () => expect(isFailedLook([{ code, message: '' }])).toBe(want));
});

it('the notice says since when nobody knows, and why; the one that ends it is of the same matter', () => {
  const since = noon;
  const failing = looksNotice(
    'shop-db',
    { telling: 'failing', since, now: noon + 26 * hourMs, problems: [noAgent] },
    by,
  );
  expect(failing).toMatchObject({
    kind: 'drift-unknown',
    severity: 'warning',
    headline: 'nobody has looked at shop-db for drift for 1 d 2 h: no agent answers for target shop-db',
    actions: ['knowngood doctor', 'knowngood drift shop-db'],
    ends: false,
  });
  expect(failing.facts[0]).toBe('no agent answers for target shop-db. Start it.');
  const again = looksNotice('shop-db', { telling: 'again', since: noon, now: noon + hourMs, problems: [] }, by);
  expect(again).toMatchObject({ headline: 'shop-db is looked at for drift again', ends: true });
  expect(matterOf(again)).toBe(matterOf(failing));
  expect(again.key).not.toBe(failing.key);
});
