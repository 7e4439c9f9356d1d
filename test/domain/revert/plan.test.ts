import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ConfigFile, FileSet } from '../../../domain/snapshot/files.ts';
import { mergeAutoConf, mergeLines } from '../../../domain/revert/merge.ts';
import { type FileDecision, planRevertFiles, sameState } from '../../../domain/revert/plan.ts';
import type { FileRole } from '../../../domain/snapshot.ts';

const path = '/c/f.conf';
const listed = { folders: ['/c'], files: [] };

function aFile(content: string, role: FileRole = 'main', rest: Partial<ConfigFile> = {}): ConfigFile {
  return { path, role, content, mode: 0o600, uid: 1, gid: 1, ...rest };
}

/** null: not there; undefined for C: unknown. */
function decide(
  s: ConfigFile | null,
  c: ConfigFile | null | undefined,
  l: ConfigFile | null,
  merged: readonly string[] = [],
): FileDecision | undefined {
  const set = (file: ConfigFile | null): FileSet => new Map(file === null ? [] : [[path, file]]);
  return planRevertFiles({
    before: set(s),
    change: c === undefined ? null : set(c),
    live: set(l),
    changeListed: c === undefined ? null : listed,
    listed,
    absent: [],
    merged: new Set(merged),
  })[0];
}

const text = (content: string | null, role: FileRole): ConfigFile | null =>
  content === null ? null : aFile(content, role);

describe('a file, from before (S), by the change (C), live (L)', () => {
  it.each([
    // name, role, S, C, L, decision, wanted, kept beside
    ['as the change left it is restored', 'main', 'a', 'b', 'b', 'restore', 'a', null],
    ['back already is left', 'main', 'a', 'b', 'a', 'nothing', 'a', null],
    ['added by the change is removed', 'include', null, 'b', 'b', 'restore', null, null],
    ['removed by the change is made again', 'include', 'a', null, null, 'restore', 'a', null],
    [
      'edited by others elsewhere is merged',
      'main',
      '1\n2\n3\n',
      '1\n2\nX\n',
      '0\n1\n2\nX\n',
      'merge',
      '0\n1\n2\n3\n',
      null,
    ],
    [
      'edited by others in the same place goes back there',
      'main',
      '1\n2\n3\n4\n5\n',
      '1\nX\n3\n4\n5\n',
      '1\nY\n3\n4\nZ\n',
      'conflict-restored',
      '1\n2\n3\n4\nZ\n',
      '1\nY\n3\n4\nZ\n',
    ],
    [
      'of access rules in conflict goes back as a whole',
      'hba',
      '1\n2\n3\n4\n5\n',
      '1\nX\n3\n4\n5\n',
      '1\nY\n3\n4\nZ\n',
      'conflict-restored',
      '1\n2\n3\n4\n5\n',
      '1\nY\n3\n4\nZ\n',
    ],
    [
      'added by the change and edited by others is removed and kept beside',
      'include',
      null,
      'b',
      'c',
      'conflict-restored',
      null,
      'c',
    ],
    [
      'removed by the change and made anew by others is restored',
      'include',
      'a',
      null,
      'c',
      'conflict-restored',
      'a',
      'c',
    ],
    ['changed, then removed by others is restored', 'include', 'a', 'b', null, 'conflict-restored', 'a', null],
    [
      'of keys is merged key by key',
      'auto',
      "a = '1'\n",
      "a = '2'\n",
      "a = '2'\nb = '3'\n",
      'merge',
      "a = '1'\nb = '3'\n",
      null,
    ],
    [
      'of keys is merged key by key although ALTER SYSTEM moved them',
      'auto',
      "a = '1'\nb = '2'\n",
      "a = '9'\nb = '2'\n",
      "b = '2'\na = '9'\nc = '3'\n",
      'merge',
      "b = '2'\na = '1'\nc = '3'\n",
      null,
    ],
    [
      'of settings that others broke elsewhere goes back as a whole',
      'main',
      'a = 1\nb = 2\nc = 3\n',
      'a = 1\nb = 2\nc = 4\n',
      'broken line here\na = 1\nb = 2\nc = 4\n',
      'conflict-restored',
      'a = 1\nb = 2\nc = 3\n',
      'broken line here\na = 1\nb = 2\nc = 4\n',
    ],
    [
      'that is included, and that others broke elsewhere, goes back as a whole',
      'include',
      'a = 1\nb = 2\nc = 3\n',
      'a = 1\nb = 2\nc = 4\n',
      'broken line here\na = 1\nb = 2\nc = 4\n',
      'conflict-restored',
      'a = 1\nb = 2\nc = 3\n',
      'broken line here\na = 1\nb = 2\nc = 4\n',
    ],
    [
      'of settings that was broken before is merged',
      'main',
      'broken line here\nb = 2\nc = 3\n',
      'broken line here\nb = 2\nc = 4\n',
      '# x\nbroken line here\nb = 2\nc = 4\n',
      'merge',
      '# x\nbroken line here\nb = 2\nc = 3\n',
      null,
    ],
    [
      'of keys that others broke goes back as a whole',
      'auto',
      "a = '1'\n",
      "a = '2'\n",
      'broken line here\n',
      'conflict-restored',
      "a = '1'\n",
      'broken line here\n',
    ],
  ] as const)('%s', (_, role, s, c, l, decision, wanted, kept) => {
    const found = decide(text(s, role), text(c, role), text(l, role));
    expect(found).toMatchObject({ decision });
    expect([found?.want?.content ?? null, found?.keep?.content ?? null]).toEqual([wanted, kept]);
  });

  it('that the change did not touch is left alone, whatever others did', () => {
    expect(decide(aFile('a'), aFile('a'), aFile('b'))).toBeUndefined();
  });

  it('takes live for the change when that is unknown', () => {
    expect(decide(aFile('a'), undefined, aFile('b'))).toMatchObject({ decision: 'restore', want: { content: 'a' } });
  });

  it('gets its mode and owner back', () => {
    const changed = aFile('a', 'main', { mode: 0o644, uid: 9 });
    expect(decide(aFile('a'), changed, changed)).toMatchObject({
      decision: 'restore',
      want: { content: 'a', mode: 0o600, uid: 1 },
    });
  });

  it('gets its mode back while an edit of others survives', () => {
    const decision = decide(aFile('a'), aFile('a', 'main', { mode: 0o644 }), aFile('b', 'main', { mode: 0o644 }));
    expect(decision).toMatchObject({
      decision: 'merge',
      want: { content: 'b', mode: 0o600 },
      note: 'mode and owner only',
    });
  });

  it('keeps the mode that others gave it, with the old content that they put back', () => {
    const decision = decide(aFile('a'), aFile('b'), aFile('a', 'main', { mode: 0o644 }));
    expect(decision).toMatchObject({
      decision: 'merge',
      want: { content: 'a', mode: 0o644 },
      note: 'mode and owner only',
    });
  });

  it('keeps the mode that others gave it, with the old content that is restored', () => {
    const decision = decide(aFile('a'), aFile('b'), aFile('b', 'main', { mode: 0o644 }));
    expect(decision).toMatchObject({ decision: 'restore', want: { content: 'a', mode: 0o644 } });
    expect(decision).not.toHaveProperty('note');
  });
});

describe('a file that S did not hold', () => {
  const added: FileSet = new Map([['/x/y/n.conf', aFile('b')]]);
  const decideWhere = (folders: string[], files: string[], absent: string[] = []): unknown =>
    planRevertFiles({
      before: new Map(),
      change: added,
      live: added,
      changeListed: null,
      listed: { folders, files },
      absent,
      merged: new Set(),
    })[0]?.decision;

  it('is removed when its folder was seen without it', () => {
    expect(decideWhere(['/x/y'], ['/x/y/other'])).toBe('restore');
  });
  it('is left when it was there, unread', () => {
    expect(decideWhere(['/x/y'], ['/x/y/n.conf'])).toBe('nothing');
  });
  it('is removed when its folder was not there either', () => {
    expect(decideWhere(['/x'], ['/x/z/'])).toBe('restore');
  });
  it('is left when its folder was there and was not looked into', () => {
    expect(decideWhere(['/x'], ['/x/y/'])).toBe('nothing');
  });
  it('is left when nobody looked', () => {
    expect(decideWhere([], [])).toBe('nothing');
  });
  it('is removed when S looked for it in vain', () => {
    expect(decideWhere([], [], ['/x/y/n.conf'])).toBe('restore');
  });
});

const content = fc.option(
  fc.array(fc.constantFrom('a = 1', 'b = 2', '# c', 'd = 4', ''), { maxLength: 6 }).map((lines) => lines.join('\n')),
);
const role = fc.constantFrom<FileRole>('main', 'auto', 'hba', 'ident', 'include');

it('restores exactly when nobody else wrote, for every kind of file', () => {
  fc.assert(
    fc.property(content, content, role, (s, c, as) => {
      const decision = decide(text(s, as), text(c, as), text(c, as));
      expect(decision === undefined ? s : (decision.want?.content ?? null)).toBe(decision === undefined ? c : s);
    }),
    { verbose: true },
  );
});

it('comes to rest: after what it wants is written, it wants nothing more', () => {
  fc.assert(
    fc.property(content, content, content, role, (s, c, l, as) => {
      const first = decide(text(s, as), text(c, as), text(l, as));
      if (first === undefined) return;
      const live = first.want === null ? null : aFile(first.want.content, as);
      const written = first.want !== null && first.want.content !== s ? [path] : [];
      const second = decide(text(s, as), text(c, as), live, written);
      expect(second === undefined || sameState(second.want, live)).toBe(true);
    }),
    { verbose: true, numRuns: 500 },
  );
});

it('merges to S when live is the change, and to live when the change did nothing', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c')).map((all) => all.join('\n'));
  fc.assert(
    fc.property(lines, lines, (s, c) => {
      expect(mergeLines(s, c, c)).toEqual({ content: s, conflicts: [] });
      expect(mergeLines(s, s, c)).toEqual({ content: c, conflicts: [] });
    }),
    { verbose: true },
  );
});

it('gives back the old bytes of postgresql.auto.conf when no foreign key is left', () => {
  const s = "# note\nb = '1'\na = '2'\n";
  expect(mergeAutoConf(s, "# note\nb = '1'\na = '3'\n", "# other\na = '3'\nb = '1'\n")).toEqual({
    content: s,
    conflicts: [],
  });
});

it('a file that the change laid into a folder while nothing read it is removed: S would read it', () => {
  const laid = (changeListed: string[], listed: string[]): unknown =>
    planRevertFiles({
      before: new Map(),
      change: new Map(),
      live: new Map([['/x/y/n.conf', aFile('b')]]),
      changeListed: { folders: ['/x/y'], files: changeListed },
      listed: { folders: ['/x/y'], files: listed },
      absent: [],
      merged: new Set(),
    })[0]?.decision;
  expect(laid(['/x/y/n.conf'], [])).toBe('restore');
  expect(laid([], [])).toBeUndefined();
  expect(laid(['/x/y/n.conf'], ['/x/y/n.conf'])).toBeUndefined();
});

describe('a file that nothing read any more when C was taken', () => {
  const decideUnread = (seen: string[]): unknown =>
    planRevertFiles({
      before: new Map([['/x/y/n.conf', aFile('a')]]),
      change: new Map(),
      live: new Map([['/x/y/n.conf', aFile('b')]]),
      changeListed: { folders: ['/x/y'], files: seen },
      listed: { folders: ['/x/y'], files: ['/x/y/n.conf'] },
      absent: [],
      merged: new Set(),
    })[0]?.decision;

  it('is restored without a conflict: whoever edited it, it was still there', () => {
    expect(decideUnread(['/x/y/n.conf'])).toBe('restore');
  });
  it('is a conflict when the change had removed it, and somebody made it anew', () => {
    expect(decideUnread([])).toBe('conflict-restored');
  });
});
