/** When a setting may be raised that standbys must have at least as high. */
import { expect, it } from '@jest/globals';
import { type ConnectedStandby, type NamedStandby, raiseProblems } from '../../domain/standby.ts';

const raises = [{ name: 'max_connections', to: 200 }];
const connected = (name: string, slot: string | null = null): ConnectedStandby => ({ name, slot, address: null });
const named = (bend: Partial<Extract<NamedStandby, { kind: 'answers' }>> = {}): NamedStandby => ({
  kind: 'answers',
  place: 'b',
  name: 'walreceiver',
  slot: null,
  streams: true,
  values: { max_connections: 200 },
  ...bend,
});

it.each([
  ['nobody is connected', [], [], []],
  ['the only standby has as much', [connected('walreceiver')], [named()], []],
  ['it is known by its slot, whatever its name', [connected('x', 'b')], [named({ slot: 'b' })], []],
  ['its name cannot be told', [connected('b')], [named({ name: null })], []],
  ['it is not named', [connected('b')], [], ['standby-not-named']],
  ['another one is named', [connected('b', 'b')], [named({ slot: 'c' })], ['standby-not-named']],
  [
    'two are connected by one name, and one is named',
    [connected('walreceiver'), connected('walreceiver')],
    [named()],
    ['standby-not-named'],
  ],
  ['both are named', [connected('walreceiver'), connected('walreceiver')], [named(), named({ place: 'c' })], []],
  [
    'it is named, and does not stream from here',
    [connected('walreceiver')],
    [named({ streams: false })],
    ['standby-not-named'],
  ],
  ['it has less', [connected('walreceiver')], [named({ values: { max_connections: 199 } })], ['standby-has-less']],
  ['it has less and is away now', [], [named({ streams: false, values: {} })], ['standby-has-less']],
  ['it does not answer', [], [{ kind: 'silent', place: 'b', why: 'gone' }], ['standby-unknown']],
] as const)('%s', (_, there, known, codes) => {
  expect(raiseProblems(raises, there, known as readonly NamedStandby[]).map(({ code }) => code)).toEqual(codes);
  expect(raiseProblems([], there, known as readonly NamedStandby[])).toEqual([]);
});
