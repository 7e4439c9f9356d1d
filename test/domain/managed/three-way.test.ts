import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Document, type Json, edited, sameValue, valueAt } from '../../../domain/managed/document.ts';
import { editsOf, planDocumentBack } from '../../../domain/managed/three-way.ts';

const s: Document = { ttl: 30, postgresql: { parameters: { work_mem: '4MB', fsync: 'on' }, pg_hba: ['a', 'b', 'c'] } };

function back(change: Document | null, live: Document): { readonly after: Document; readonly decisions: unknown[] } {
  const decisions = planDocumentBack(s, change, live);
  const after = edited(live, editsOf(decisions));
  return { after, decisions: decisions.map(({ path, decision }) => [path.join('.'), decision]) };
}

const set = (path: string, to: Json, from: Document = s): Document => edited(from, [{ path: path.split('.'), to }]);

describe('the way back of a declared document', () => {
  for (const [name, change, live, after, decisions] of [
    ['writes nothing where nothing was changed', s, set('ttl', 20), set('ttl', 20), []],
    ['restores what the change set', set('ttl', 20), set('ttl', 20), s, [['ttl', 'restore']]],
    ['takes out what it added', set('loop_wait', 5), set('loop_wait', 5), s, [['loop_wait', 'restore']]],
    ['declares again what it took out', set('ttl', null), set('ttl', null), s, [['ttl', 'restore']]],
    ['leaves what is back already', set('ttl', 20), s, s, [['ttl', 'nothing']]],
    ['lets the old value win where both changed it', set('ttl', 20), set('ttl', 25), s, [['ttl', 'conflict-restored']]],
    ['takes a number and its text for the same', set('ttl', '30'), set('ttl', '30'), set('ttl', '30'), []],
    [
      'keeps what others added beside it',
      set('postgresql.parameters.work_mem', '8MB'),
      set('postgresql.parameters.jit', 'off', set('postgresql.parameters.work_mem', '8MB')),
      set('postgresql.parameters.jit', 'off'),
      [['postgresql.parameters.work_mem', 'restore']],
    ],
    [
      'keeps rules that others added',
      set('postgresql.pg_hba', ['a', 'c']),
      set('postgresql.pg_hba', ['x', 'a', 'c']),
      set('postgresql.pg_hba', ['x', 'a', 'b', 'c']),
      [['postgresql.pg_hba', 'merge']],
    ],
    [
      'does not merge a second time what it has merged',
      set('postgresql.pg_hba', ['a', 'c']),
      set('postgresql.pg_hba', ['x', 'a', 'b', 'c']),
      set('postgresql.pg_hba', ['x', 'a', 'b', 'c']),
      [['postgresql.pg_hba', 'nothing']],
    ],
    [
      'goes back to the old rules where others changed the same ones',
      set('postgresql.pg_hba', ['a', 'y', 'c']),
      set('postgresql.pg_hba', ['a', 'z', 'c']),
      s,
      [['postgresql.pg_hba', 'conflict-restored']],
    ],
    [
      'declares a whole section again',
      set('postgresql', null),
      set('postgresql', null),
      s,
      [['postgresql', 'restore']],
    ],
    [
      'takes a section out that the change added, but for what others put into it',
      set('slots', { one: { type: 'physical' } }),
      set('slots', { one: { type: 'physical' }, two: { type: 'physical' } }),
      set('slots', { two: { type: 'physical' } }),
      [['slots.one', 'restore']],
    ],
    [
      'takes everything that differs for the change where nobody knows it',
      null,
      set('ttl', 20),
      s,
      [['ttl', 'restore']],
    ],
  ] as const)
    it(name, () => {
      const seen = back(change, live);
      expect(seen.after).toEqual(after);
      expect(seen.decisions).toEqual(decisions);
    });

  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const value = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('on', 'off'));
  const document = fc.dictionary(key, fc.oneof(value, fc.dictionary(key, value)), { noNullPrototype: true });

  it('puts back what the change touched, leaves what others touched, and ends the same when it is run again', () => {
    fc.assert(
      fc.property(document, document, document, (before, change, live) => {
        const decisions = planDocumentBack(before, change, live);
        const after = edited(live, editsOf(decisions));
        for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
          const [was, did, is, then] = [before, change, live, after].map((one) => valueAt(one, [name])) as [
            Json,
            Json,
            Json,
            Json,
          ];
          if (sameValue(was, did)) expect(then).toEqual(is);
          else if (sameValue(did, is)) expect(sameValue(then, was)).toBe(true);
        }
        expect(editsOf(planDocumentBack(before, change, after))).toEqual([]);
      }),
    );
  });
});
