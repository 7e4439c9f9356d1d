/** Running values in a revert: what follows from the files, what needs a restart, and what no file can bring back. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { restartNeededFor, revertSettings } from '../../../domain/revert/settings.ts';
import type { SettingEntry } from '../../../domain/snapshot.ts';

function aValue(value: string, bent: Partial<SettingEntry> = {}): SettingEntry {
  return {
    name: 'work_mem',
    value,
    unit: null,
    context: 'user',
    source: 'configuration file',
    sourceFile: null,
    sourceLine: null,
    pendingRestart: false,
    ...bent,
  };
}

const only = (entry: SettingEntry | null): readonly SettingEntry[] => (entry === null ? [] : [entry]);
const needsRestart = (value: string, pendingRestart = false): SettingEntry =>
  aValue(value, { context: 'postmaster', pendingRestart });
const inside = (value: string, context: string): SettingEntry => aValue(value, { context });
const from = (value: string, source: string): SettingEntry => aValue(value, { source });

describe('a setting, from before (S), by the change (C), live (L)', () => {
  for (const [what, s, c, l, want] of [
    ['unchanged is no item', aValue('1'), aValue('1'), aValue('2'), undefined],
    ['changed is restored by a reload', aValue('1'), aValue('2'), aValue('2'), ['restore', 'reload']],
    ['changed and back already needs nothing', aValue('1'), aValue('2'), aValue('1'), ['nothing', 'none']],
    ['changed again by others is restored', aValue('1'), aValue('2'), aValue('3'), ['restore', 'reload']],
    [
      'changed for new sessions',
      inside('1', 'backend'),
      inside('2', 'backend'),
      inside('2', 'backend'),
      ['restore', 'reconnect'],
    ],
    ['changed by a restart needs one', needsRestart('1'), needsRestart('2'), needsRestart('2'), ['restore', 'restart']],
    [
      'waiting for a restart is cleared by a reload',
      needsRestart('1'),
      needsRestart('1', true),
      needsRestart('1', true),
      ['restore', 'reload'],
    ],
    [
      'no longer waiting for a restart needs nothing',
      needsRestart('1'),
      needsRestart('1', true),
      needsRestart('1'),
      ['nothing', 'none'],
    ],
    [
      'that waited for a restart before is no item',
      needsRestart('1', true),
      needsRestart('1', true),
      needsRestart('1', true),
      undefined,
    ],
    [
      'that the server computes is no item',
      inside('1', 'internal'),
      inside('2', 'internal'),
      inside('2', 'internal'),
      undefined,
    ],
    ['that was not there before is no item', null, aValue('2'), aValue('2'), undefined],
    ['that is gone is restored', aValue('1'), null, null, ['restore', 'reload']],
    [
      'that the command line brought is not revertible',
      aValue('1'),
      from('2', 'command line'),
      from('2', 'command line'),
      ['not-revertible', 'none'],
    ],
    [
      'that the command line had is not revertible',
      from('1', 'command line'),
      aValue('2'),
      aValue('2'),
      ['not-revertible', 'none'],
    ],
    [
      'that the environment brought is not revertible',
      aValue('1'),
      from('2', 'environment variable'),
      from('2', 'environment variable'),
      ['not-revertible', 'none'],
    ],
    [
      'that the environment had gives way to a file',
      from('1', 'environment variable'),
      aValue('2'),
      aValue('2'),
      ['restore', 'reload'],
    ],
    [
      'that the command line had, and has again, needs nothing',
      from('1', 'command line'),
      aValue('2'),
      from('1', 'command line'),
      ['nothing', 'none'],
    ],
    [
      'is taken to be as the change left it when SQL does not answer',
      aValue('1'),
      aValue('2'),
      undefined,
      ['restore', 'reload'],
    ],
  ] as const)
    it(what, () => {
      const live = l === undefined ? null : only(l);
      const item = revertSettings(only(s), only(c), live)[0];
      expect(item && [item.decision, item.effect]).toEqual(want);
    });

  it('takes live for the change when that is unknown', () => {
    expect(revertSettings([aValue('1')], null, [aValue('2')])).toMatchObject([{ decision: 'restore' }]);
  });

  it('is no item when neither the change nor live is known', () => {
    expect(revertSettings([aValue('1')], null, null)).toEqual([]);
  });

  it('is told with its unit, from live to before', () => {
    const kilobytes = (value: string): SettingEntry => aValue(value, { unit: 'kB' });
    expect(revertSettings([kilobytes('4096')], [kilobytes('8192')], [kilobytes('8192')])).toMatchObject([
      { key: 'setting:work_mem', action: 'none', summary: 'work_mem: 8MB → 4MB' },
    ]);
  });

  it('says where a value comes from that no file can change', () => {
    expect(revertSettings([aValue('1')], [from('2', 'command line')], [from('2', 'command line')])).toMatchObject([
      { note: "it comes from the server's command line, was configuration file" },
    ]);
    expect(revertSettings([from('1', 'command line')], [], [])).toMatchObject([
      { summary: 'work_mem: unset → 1', note: 'it is not set, was from the command line' },
    ]);
  });
});

describe('a restart is needed', () => {
  const scope = new Set(['work_mem']);
  for (const [what, s, l, names, in_ = scope] of [
    ['for a running value that only a restart changes', needsRestart('1'), needsRestart('2'), ['work_mem']],
    ['not for one that is as before', needsRestart('1'), needsRestart('1'), []],
    ['not for one that only waits', needsRestart('1'), needsRestart('1', true), []],
    ['not for one that a reload changes', aValue('1'), aValue('2'), []],
    ['not for one that the change did not touch', needsRestart('1'), needsRestart('2'), [], new Set<string>()],
    [
      'not for one that comes from the command line',
      needsRestart('1'),
      { ...needsRestart('2'), source: 'command line' },
      [],
    ],
    ['not for one that was not there', null, needsRestart('2'), []],
    ['not for one that is not there', needsRestart('1'), null, []],
  ] as const)
    it(what, () => expect(restartNeededFor(only(s), only(l), in_)).toEqual(names));
});

it('what is as before needs nothing, whatever happened on the way', () => {
  const context = fc.constantFrom('user', 'sighup', 'postmaster', 'backend');
  const source = fc.constantFrom('default', 'configuration file', 'command line', 'environment variable');
  const entry = fc.record({ value: fc.constantFrom('1', '2', '3'), source, pendingRestart: fc.boolean() });
  fc.assert(
    fc.property(context, entry, entry, (as, s, c) => {
      const before = aValue('', { ...s, context: as });
      const back = { ...before, pendingRestart: false };
      for (const item of revertSettings([before], [aValue('', { ...c, context: as })], [back]))
        expect([item.decision, item.effect]).toEqual(['nothing', 'none']);
      expect(restartNeededFor([before], [back], new Set(['work_mem']))).toEqual([]);
    }),
    { verbose: true },
  );
});
