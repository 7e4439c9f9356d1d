import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { carrierOf, endOf, spanOfRun, subjectOf, traceIn } from '../../domain/trace.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

describe('a trace in a header', () => {
  it('is handed on as it came', () => {
    const carrier = { traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'vendor=1' };
    const parent = traceIn(carrier);
    expect(parent).toEqual({ traceId, spanId, isSampled: true, state: 'vendor=1' });
    expect(parent && carrierOf(parent)).toEqual(carrier);
  });

  it('that is not sampled stays so', () => {
    const parent = traceIn({ traceparent: `00-${traceId}-${spanId}-00` });
    expect(parent).toMatchObject({ isSampled: false, state: null });
    expect(parent && carrierOf(parent)).toEqual({ traceparent: `00-${traceId}-${spanId}-00` });
  });

  for (const [what, carrier] of [
    ['nothing', undefined],
    ['null', null],
    ['a text', `00-${traceId}-${spanId}-01`],
    ['another key', { trace: traceId }],
    ['a number', { traceparent: 7 }],
    ['an unknown version', { traceparent: `01-${traceId}-${spanId}-01` }],
    ['capital letters', { traceparent: `00-${traceId.toUpperCase()}-${spanId}-01` }],
    ['no trace', { traceparent: `00-${'0'.repeat(32)}-${spanId}-01` }],
    ['no span', { traceparent: `00-${traceId}-${'0'.repeat(16)}-01` }],
    ['something behind it', { traceparent: `00-${traceId}-${spanId}-01-more` }],
  ] as const)
    it(`${what} is none`, () => expect(traceIn(carrier)).toBeNull());

  it('is read without an exception, whatever a stranger sends', () => {
    const parameters = { seed: Date.now() % 2 ** 31 };
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (traceparent, tracestate) => {
        expect(traceIn({ traceparent, tracestate })).toBeNull();
        expect(traceIn(traceparent)).toBeNull();
        expect([subjectOf(traceparent), endOf(traceparent)]).toEqual([{}, {}]);
      }),
      parameters,
    );
  });

  it('leaves a state behind that is longer than one may be', () => {
    const carrier = { traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'x'.repeat(513) };
    expect(traceIn(carrier)).toMatchObject({ traceId, state: null });
  });
});

describe('the span of a run', () => {
  it('is the end of its id, in the versions that the server gives', () => {
    expect(spanOfRun('018f9c5e-1b2a-7c3d-9e4f-5a6b7c8d9e0f')).toBe('9e4f5a6b7c8d9e0f');
    expect(spanOfRun('5F1B4C2D-8A9B-4C3D-9E4F-5A6B7C8D9E0F')).toBe('9e4f5a6b7c8d9e0f');
  });
  for (const id of ['', 'a-run', '00000000-0000-0000-0000-000000000000'])
    it(`is none of ${JSON.stringify(id)}`, () => expect(spanOfRun(id)).toBeNull());
});

describe('what a span says', () => {
  it('of an input: whom it is about', () => {
    expect(subjectOf({ target: 'shop-db', changeId: 'c-1', reason: 'peak', settings: { work_mem: '7mb' } })).toEqual({
      'knowngood.target': 'shop-db',
      'knowngood.change_id': 'c-1',
    });
  });
  it('of an answer: how it ended', () => {
    expect(endOf({ outcome: 'reverted', reason: 'check-failed', summary: 'login failed', target: 'shop-db' })).toEqual({
      'knowngood.outcome': 'reverted',
      'knowngood.reason': 'check-failed',
    });
    expect(endOf({ kind: 'armed' })).toEqual({ 'knowngood.answer': 'armed' });
  });
  it('nothing that is no name: a text, however it got there', () => {
    expect(subjectOf({ target: 'password=secret', changeId: 'a b', rolloutId: 'x'.repeat(101) })).toEqual({});
  });
});
