/** What any client may start a notice with: bounded, or refused, and never an exception. */
import { describe, expect, it } from '@jest/globals';
import { isProblem } from '../../../domain/operator-input.ts';
import { deliveryOf } from '../../../domain/notify/plan.ts';
import { readNoticeToSend } from '../../../domain/notify/to-send.ts';
import { aNotice, aPlan } from './builders.ts';

const notice = aNotice({ kind: 'still-failing', severity: 'critical' });
const good = { notice, delivery: deliveryOf(aPlan(), notice), changeWorkflowId: null, hasEnd: true };

describe('a notice to send', () => {
  it('is taken as Knowngood makes it', () => expect(readNoticeToSend(good)).toEqual(good));

  it('repeats no more often than once a second, and no more than 200 times', () => {
    const until = (untilAcknowledged: unknown) => {
      const read = readNoticeToSend({ ...good, delivery: { ...good.delivery, untilAcknowledged } });
      return isProblem(read) ? read : read.delivery.untilAcknowledged;
    };
    expect(until({ repeatMs: 0, giveUpMs: 60_000 })).toEqual({ repeatMs: 1_000, giveUpMs: 60_000 });
    expect(until({ repeatMs: 1_000, giveUpMs: 86_400_000 })).toEqual({ repeatMs: 432_000, giveUpMs: 86_400_000 });
    expect(until({ repeatMs: NaN, giveUpMs: '1' })).toEqual({ repeatMs: 1_800_000, giveUpMs: 86_400_000 });
    expect(until(null)).toBe(null);
  });

  it('has tries, steps and texts within bounds', () => {
    const read = readNoticeToSend({
      notice: { ...notice, headline: 'x'.repeat(1_000_000), facts: Array(500).fill('y'.repeat(9_000)) },
      delivery: { steps: Array(500).fill(good.delivery.steps[0]), untilAcknowledged: null },
    });
    if (isProblem(read)) throw new Error(read.message);
    expect(read.delivery.tries).toBe(4);
    expect(read.delivery.steps.length).toBe(20);
    expect(JSON.stringify(read.notice).length).toBeLessThan(12_000);
  });

  for (const [name, input] of [
    ['nothing', undefined],
    ['a number', 5],
    ['no delivery', { notice }],
    ['no severity', { ...good, notice: { ...notice, severity: 'toString' } }],
    ['a time that is none', { ...good, notice: { ...notice, at: 1e300 } }],
    ['steps that are none', { ...good, delivery: { steps: 'all' } }],
  ] as const) {
    it(`is refused with ${name}`, () => expect(readNoticeToSend(input)).toMatchObject({ code: 'InvalidRequest' }));
  }

  it('throws at nothing within', () => {
    const steps = [null, 5, { teams: 5 }, { teams: [null, { team: 'a', channels: [null, { name: 5 }] }] }];
    expect(readNoticeToSend({ ...good, delivery: { steps, untilAcknowledged: {}, tries: 99 } })).toMatchObject({
      delivery: { tries: 20 },
    });
  });
});
