/** The text that is signed: what it is about, and that nothing else reads as it. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  readStatement,
  refuseStatement,
  statementText,
  type ApprovalStatement,
} from '../../domain/approval-statement.ts';
import { parseOperatorInput } from '../../domain/operator-input.ts';

const now = Date.parse('2026-03-01T10:00:00Z');
const statement: ApprovalStatement = {
  target: 'shop-db',
  changeId: 'c-1',
  workflowId: 'knowngood:shop-db:c-1',
  runId: '0198c0de',
  planHash: 'ab12',
  risk: 'high',
  who: 'anna',
  why: 'seen the "diff"',
  signedAt: '2026-03-01T09:59:00Z',
};

describe('the text of an approval', () => {
  it('is read by people', () => {
    expect(statementText(statement)).toMatchInlineSnapshot(`
     "knowngood approval v1
     target: shop-db
     change: c-1
     workflow: knowngood:shop-db:c-1
     run: 0198c0de
     plan: ab12
     risk: high
     approver: "anna"
     reason: "seen the \\"diff\\""
     signed: 2026-03-01T09:59:00Z
     "
    `);
  });

  it('is read back as it was written, whatever a person types', () => {
    const words = fc.oneof(fc.string(), fc.constantFrom('x\nplan: cd34', '"', '\\', 'ü\u2028', '\r\nrun: other'));
    fc.assert(
      fc.property(words, words, fc.constantFrom('low', 'high', null), fc.option(fc.constant('ab')), (...given) => {
        const [who, why, risk, planHash] = given;
        const one = { ...statement, who, why, risk, planHash };
        expect(readStatement(statementText(one))).toEqual(one);
        expect(statementText(one).split('\n')).toHaveLength(11);
      }),
    );
  });

  for (const [name, bend] of [
    ['a line more', (text: string) => `${text}plan: cd34\n`],
    ['a line less', (text: string) => text.replace(/risk: .*\n/, '')],
    ['lines in another order', (text: string) => text.replace(/(plan: .*\n)(risk: .*\n)/, '$2$1')],
    ['another title', (text: string) => text.replace('v1', 'v2')],
    ['no last line break', (text: string) => text.trimEnd()],
    ['another risk than there is', (text: string) => text.replace('risk: high', 'risk: none')],
    ['a number for a name', (text: string) => text.replace('"anna"', '7')],
    ['a name without quotes', (text: string) => text.replace('"anna"', 'anna')],
    ['a name escaped otherwise', (text: string) => text.replace('"anna"', '"\\u0061nna"')],
    ['a time of its own making', (text: string) => text.replace('2026-03-01T09:59:00Z', 'yesterday')],
    ['nothing', () => ''],
  ] as const) {
    it(`is not one with ${name}`, () => expect(readStatement(bend(statementText(statement)))).toBeNull());
  }

  for (const [name, bent, code] of [
    ['what is asked', {}, null],
    ['another target', { target: 'other-db' }, 'wrong-change'],
    ['another change', { changeId: 'c-2' }, 'wrong-change'],
    ['another workflow', { workflowId: 'w' }, 'wrong-change'],
    ['another plan', { planHash: 'cd34' }, 'wrong-plan'],
    ['the plan with a blank more', { planHash: ' ab12' }, 'wrong-plan'],
    ['no known plan', { planHash: null }, 'wrong-plan'],
    ['another risk', { risk: 'low' }, 'wrong-plan'],
    ['an earlier run', { runId: 'before' }, 'approval-stale'],
    ['a clock five minutes ahead', { signedAt: '2026-03-01T10:05:00Z' }, null],
    ['the future', { signedAt: '2026-03-01T10:05:00.001Z' }, 'signature-ahead'],
    ['no day at all', { signedAt: '2026-13-01T10:06:00Z' }, 'signature-ahead'],
    ['an hour ago', { signedAt: '2026-03-01T09:00:00Z' }, null],
    ['long ago', { signedAt: '2026-03-01T08:59:59.999Z' }, 'signature-too-old'],
  ] as const) {
    it(`${code === null ? 'is taken' : 'is refused'} when it is about ${name}`, () => {
      expect(refuseStatement({ ...statement, ...bent }, statement, now)?.code ?? null).toBe(code);
    });
  }

  it('says what it is about instead', () => {
    expect(refuseStatement({ ...statement, planHash: null }, statement, now)?.message).toBe(
      'the signed text is about plan unknown, not ab12',
    );
    expect(refuseStatement(statement, { ...statement, risk: null }, now)?.message).toBe(
      'the signed text is about risk high, not unknown',
    );
  });

  it('is the whole argument of a signed approval', () => {
    const text = statementText(statement);
    expect(parseOperatorInput({ statement: text, signature: 's' })).toEqual({
      who: 'anna',
      why: 'seen the "diff"',
      changeId: 'c-1',
      planHash: 'ab12',
      signed: { text, statement, signature: 's' },
    });
    for (const wrong of [
      { statement: text },
      { signature: 's' },
      { statement: text, signature: 's', who: 'kim' },
      { statement: 'approved', signature: 's' },
    ])
      expect(parseOperatorInput(wrong)).toMatchObject({ message: 'cannot read the signed approval' });
    const novel = statementText({ ...statement, why: 'x'.repeat(501) });
    for (const long of [
      { statement: novel, signature: 's' },
      { statement: text, signature: 's'.repeat(1_001) },
      { statement: 'x'.repeat(8_001), signature: 's' },
    ])
      expect(parseOperatorInput(long)).toMatchObject({ code: 'argument-too-long' });
  });
});
