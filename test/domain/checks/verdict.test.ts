/** When a change is kept, taken back, or held: case tables with a letter a sample, and laws that hold for any. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CheckProgress, CheckSpec } from '../../../domain/check.ts';
import { fold, noProgress } from '../../../domain/checks/progress.ts';
import { decideSoak, decideWhileWatching, type Soak } from '../../../domain/checks/verdict.ts';
import { aSqlCheck, markLetters, noon, progressFrom, samplesFrom } from '../../probes/builders.ts';

const login = aSqlCheck();
const pages = aSqlCheck({ name: 'shop/pages', dependent: 'shop' });

function watching(letters: string, check: CheckSpec = login, ignore: string[] = []): string | null {
  return decideWhileWatching([check], [progressFrom(letters, check.name)], ignore)?.kind ?? null;
}

describe('while watching', () => {
  for (const [name, letters, want] of [
    ['goes on without a sample', '', null],
    ['goes on while all is well', '....', null],
    ['goes on below the threshold', '.xx', null],
    ['reverts on as many failures in a row as the threshold', '.xxx', 'unhealthy'],
    ['forgives failures that a pass interrupts', 'xx.xx', null],
    ['goes on after a single denial', '.a', null],
    ['does not wait for the threshold after two denials', '.aa', 'unhealthy'],
    ['takes a denied object for a denied login', '.ap', 'unhealthy'],
    ['wants the two denials in a row', 'a.a', null],
    ['is not misled by a pooled connection between two denials', 'ana', 'unhealthy'],
    ['never takes errors for failures', 'eeee', null],
    ['cannot tell after as many errors as the threshold', 'eeeee', 'inconclusive'],
    ['cannot tell when all connections are pooled', 'nnnnn', 'inconclusive'],
    ['says unhealthy before inconclusive', 'xxxeeeee', 'unhealthy'],
    ['does not count what was forgiven', 'ffffffff', null],
    ['counts denials among what is forgiven', 'fafa', 'unhealthy'],
  ] as const)
    it(`${name}: "${letters}"`, () => expect(watching(letters)).toBe(want));

  it('shows advisory checks and never heeds them', () =>
    expect(watching('aaaaaa', aSqlCheck({ level: 'advisory' }))).toBeNull());

  const hold = aSqlCheck({ onFail: 'hold' });

  it('asks people about a failing check of which they decide', () => {
    expect(decideWhileWatching([hold], [progressFrom('.xxx')], [])).toEqual({
      kind: 'inconclusive',
      check: 'image-service/login',
      dependent: 'image-service',
      why: 'image-service/login failed 3 times in a row: 500',
      failed: true,
    });
    expect(watching('.aa', hold)).toBe('inconclusive');
    expect(decideWhileWatching([hold], [progressFrom('eeeee')], [])).not.toHaveProperty('failed');
  });

  it('reverts by another one all the same', () => {
    const progress = [progressFrom('.xxx', hold.name), progressFrom('.xxx', pages.name)];
    expect(decideWhileWatching([hold, pages], progress, [])).toMatchObject({ kind: 'unhealthy', check: 'shop/pages' });
  });

  it('reverts on what is worse once that has lasted, as far as it was measured', () => {
    const latency = { worse: 'higher', factor: 2, plus: 0, samples: 16, forMs: 4_000 } as const;
    const check = aSqlCheck({ latency });
    const own = (ms: number) => [{ ...progressFrom('......'), worse: { at: noon + 5_000 - ms, why: 'got slower: x' } }];
    expect(decideWhileWatching([check], own(3_999), [])).toBeNull();
    expect(decideWhileWatching([check], own(4_000), [])).toMatchObject({ why: 'image-service/login got slower: x' });
    expect(decideSoak([check], own(2_040), soakOf('......'))).toEqual({
      kind: 'inconclusive',
      check: 'image-service/login',
      why: 'image-service/login got slower: x; so far for 2 s',
    });
  });

  it('heeds no check that was red before', () => expect(watching('aaaaaa', login, [login.name])).toBeNull());

  it('finds the unhealthy check behind an inconclusive one', () => {
    const progress = [progressFrom('eeeee', login.name), progressFrom('aa', pages.name)];
    expect(decideWhileWatching([login, pages], progress, [])).toMatchObject({
      kind: 'unhealthy',
      check: 'shop/pages',
      dependent: 'shop',
    });
  });

  it('says what it saw', () =>
    expect(decideWhileWatching([login], [progressFrom('.aa')], [])).toMatchObject({
      why: 'image-service/login was denied access 2 times in a row: 28000 no pg_hba.conf entry',
    }));
});

/** A soak over as many beats as there are letters. */
function soakOf(letters: string, bent: Partial<Soak> = {}): Soak {
  const soakMs = letters.length * login.intervalMs;
  return { startedAt: noon, soakMs, settleUntil: 0, now: noon + soakMs, ignore: [], ...bent };
}

function atTheEnd(letters: string, check: CheckSpec = login, bent: Partial<Soak> = {}): string {
  return decideSoak([check], [progressFrom(letters, check.name)], soakOf(letters, bent)).kind;
}

describe('at the end of the soak', () => {
  for (const [name, letters, want] of [
    ['keeps after a healthy soak', '..........', 'healthy'],
    ['keeps when an early stumble is over', '.xx.......', 'healthy'],
    ['cannot keep while the newest measurement fails', '.........x', 'inconclusive'],
    ['cannot keep while the newest measurement fails, though forgiven', '.........f', 'inconclusive'],
    ['cannot keep before enough passes in a row', '.......x..', 'inconclusive'],
    ['keeps with just enough passes in a row', '......x...', 'healthy'],
    ['keeps with nine of ten samples', '.... .....', 'healthy'],
    ['cannot keep with eight of ten samples', '.. . .....', 'inconclusive'],
    ['cannot keep on errors of the probe', '....ee....', 'inconclusive'],
    ['cannot keep without a single sample', '          ', 'inconclusive'],
    ['cannot keep what was only forgiven', 'ffffffffff', 'inconclusive'],
    ['cannot keep what was only pooled', 'nnnn', 'inconclusive'],
    ['keeps when settling is over and all is well', 'ffffff....', 'healthy'],
    ['cannot keep a soak too short for the passes it needs', '..', 'inconclusive'],
    ['takes denials for what they are to the very end', '........aa', 'unhealthy'],
  ] as const)
    it(`${name}: "${letters}"`, () => expect(atTheEnd(letters)).toBe(want));

  const often = (gap: number): string => `${'.'.repeat(50)}${' '.repeat(gap)}${'.'.repeat(50)}`;

  it('forgives a silence of three intervals, and none of four', () => {
    expect(atTheEnd(often(2))).toBe('healthy');
    expect(atTheEnd(often(3))).toBe('inconclusive');
  });

  it('forgives no silence at the beginning or the end', () => {
    expect(atTheEnd(`${' '.repeat(5)}${'.'.repeat(95)}`)).toBe('inconclusive');
    expect(atTheEnd(`${'.'.repeat(95)}${' '.repeat(5)}`)).toBe('inconclusive');
  });

  it('takes a measurement that hangs when the soak ends for silence, however long its timeout', () => {
    const patient = aSqlCheck({ timeoutMs: 20_000 });
    expect(atTheEnd(`${'.'.repeat(97)}${' '.repeat(3)}`, patient)).toBe('inconclusive');
    expect(atTheEnd(`${'.'.repeat(98)}${' '.repeat(2)}`, patient)).toBe('healthy');
  });

  it('leaves Temporal two seconds to begin, where three intervals are less', () => {
    const quick = aSqlCheck({ intervalMs: 100 });
    const own = samplesFrom('.'.repeat(91), quick.name, quick.intervalMs).reduce(fold, noProgress(quick.name));
    const ending = (ms: number): string =>
      decideSoak([quick], [own], soakOf('', { soakMs: 10_000, now: noon + 9_003 + ms })).kind;
    expect(ending(2_000)).toBe('healthy');
    expect(ending(2_001)).toBe('inconclusive');
  });

  const ended = (own: CheckProgress, now = noon + 10_000): unknown =>
    decideSoak([login], [own], soakOf('', { soakMs: 10_000, now }));

  it('forgives a silence of exactly three intervals', () => {
    const own = progressFrom('..........');
    expect(ended({ ...own, longestGapMs: 3_000 })).toEqual({ kind: 'healthy' });
    expect(ended({ ...own, longestGapMs: 3_001 })).toMatchObject({ kind: 'inconclusive' });
  });

  it('does not take a last measurement that lasted long for silence', () => {
    const own = progressFrom('..........');
    const slow = { ...own, last: { ...own.last!, latencyMs: 4_000 } };
    expect(ended(slow, noon + 13_000)).toEqual({ kind: 'healthy' });
    expect(ended(own, noon + 13_000)).toMatchObject({ kind: 'inconclusive' });
  });

  it('says how long it was silent, what it lacks, and nothing of a pass', () => {
    const own = progressFrom('..........');
    expect(ended({ ...own, longestGapMs: 98_760 })).toMatchObject({
      why: 'image-service/login was not measured for 98.8 s',
    });
    expect(ended(noProgress(login.name))).toMatchObject({ why: 'image-service/login was not measured' });
    const passed = progressFrom('x.');
    expect(ended({ ...passed, last: { ...passed.last!, code: '200' } })).toMatchObject({
      why: 'image-service/login has passed 1 of 3 times at the end',
    });
  });

  it('does not care whether the clocks of probe and server agree', () => {
    const skewed = { startedAt: noon + 3_600_000, now: noon + 3_600_000 + 10_000 };
    expect(atTheEnd('..........', login, skewed)).toBe('healthy');
  });

  it('cannot keep with no check at all, nor with advisory or ignored ones alone', () => {
    const all = '..........';
    expect(decideSoak([], [], soakOf(all)).kind).toBe('inconclusive');
    expect(atTheEnd(all, aSqlCheck({ level: 'advisory' }))).toBe('inconclusive');
    expect(atTheEnd(all, login, { ignore: [login.name] })).toBe('inconclusive');
  });

  it('keeps what mended a check that was red before, where all of them were', () => {
    const bent = { ignore: [login.name, pages.name], mendedTells: true };
    expect(atTheEnd('..........', login, bent)).toBe('healthy');
    expect(atTheEnd('aa........', login, bent)).toBe('healthy');
    expect(atTheEnd('.........a', login, bent)).toBe('inconclusive');
    // One that is still red was never this change's to mend; with none that is mended nothing is proven.
    const partly = [progressFrom('..........', login.name), progressFrom('.........x', pages.name)];
    expect(decideSoak([login, pages], partly, soakOf('..........', bent)).kind).toBe('healthy');
    const none = [progressFrom('.........x', login.name), progressFrom('.........x', pages.name)];
    expect(decideSoak([login, pages], none, soakOf('..........', bent)).kind).toBe('inconclusive');
    // One that was green before is the one to ask.
    const progress = [progressFrom('..........', login.name), progressFrom('xx........', pages.name)];
    const one = soakOf('..........', { ignore: [login.name], mendedTells: true });
    expect(decideSoak([login, pages], progress, one).kind).toBe('healthy');
    const other = [progressFrom('..........', login.name), progressFrom('.......xxx', pages.name)];
    expect(decideSoak([login, pages], other, one).kind).toBe('unhealthy');
  });

  it('cannot keep on a failing last sample even where no pass is asked for', () => {
    const lax = aSqlCheck({ thresholds: { failures: 3, errors: 5, successes: 0 } });
    expect(atTheEnd('.........x', lax)).toBe('inconclusive');
    expect(atTheEnd('..........', lax)).toBe('healthy');
    expect(atTheEnd('........x.', lax)).toBe('healthy');
  });

  it('wants every required check healthy', () => {
    const progress = [progressFrom('..........', login.name)];
    expect(decideSoak([login, pages], progress, soakOf('..........'))).toEqual({
      kind: 'inconclusive',
      check: 'shop/pages',
      why: 'shop/pages was not measured',
    });
  });
});

const letters = fc.string({ unit: fc.constantFrom(...markLetters, ' '), maxLength: 60 });
const soaks = fc.record({ soakMs: fc.nat(100_000), lastedMs: fc.nat(100_000) });

function decided(marks: string, { soakMs, lastedMs }: { soakMs: number; lastedMs: number }): [CheckProgress, string] {
  const own = progressFrom(marks);
  return [own, decideSoak([login], [own], soakOf(marks, { soakMs, now: noon + lastedMs })).kind];
}

describe('whatever the samples', () => {
  it('zero measurements are never healthy', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('e', 'n', 'f', ' ') }), soaks, (marks, soak) => {
        expect(decided(marks, soak)[1]).not.toBe('healthy');
      }),
    );
  });

  it('a required check never keeps with a failing last sample', () => {
    fc.assert(
      fc.property(letters, soaks, (marks, soak) => {
        const [own, kind] = decided(marks, soak);
        if (kind === 'healthy') expect(own.last?.mark).toBe('pass');
      }),
    );
  });

  it('errors alone never revert', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('e', 'n', '.') }), (marks) => {
        expect(watching(marks)).not.toBe('unhealthy');
      }),
    );
  });

  it('what reverts while watching is never kept at the end', () => {
    fc.assert(
      fc.property(letters, soaks, (marks, soak) => {
        if (watching(marks) === 'unhealthy') expect(decided(marks, soak)[1]).toBe('unhealthy');
      }),
    );
  });

  it('one more required check never makes a change healthier', () => {
    fc.assert(
      fc.property(letters, letters, (one, other) => {
        const progress = [progressFrom(one, login.name), progressFrom(other, pages.name)];
        const both = decideSoak([login, pages], progress, soakOf(one)).kind;
        if (both === 'healthy') expect(decideSoak([login], progress, soakOf(one)).kind).toBe('healthy');
      }),
    );
  });
});
