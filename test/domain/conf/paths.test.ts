/** Paths as PostgreSQL treats them: where one leads, and whether it stays inside. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  basename,
  dirname,
  isIncludable,
  isInside,
  isServersOwn,
  normalise,
  resolveFrom,
} from '../../../domain/conf/paths.ts';

describe('a path made canonical', () => {
  for (const [path, want] of [
    ['/a/b', '/a/b'],
    ['/a/./b', '/a/b'],
    ['/a//b/', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/b/..', '/a'],
    ['/../../a', '/a'],
    ['/', '/'],
    ['', '/'],
    ['/a/...', '/a/...'],
    ['/a/..b', '/a/..b'],
  ] as const)
    it(`${path || '(nothing)'} → ${want}`, () => expect(normalise(path)).toBe(want));
});

describe('a path in a file', () => {
  for (const [path, want] of [
    ['x.conf', '/pg/conf/x.conf'],
    ['conf.d/x.conf', '/pg/conf/conf.d/x.conf'],
    ['../x.conf', '/pg/x.conf'],
    ['/etc/x.conf', '/etc/x.conf'],
    ['/etc/../x.conf', '/x.conf'],
    ['../../../x', '/x'],
  ] as const)
    it(`${path} → ${want}`, () => expect(resolveFrom('/pg/conf/main.conf', path)).toBe(want));
});

describe('inside', () => {
  for (const [folder, path, want] of [
    ['/pg', '/pg/x', true],
    ['/pg', '/pg/a/b', true],
    ['/pg', '/pg', true],
    ['/pg', '/pgx', false],
    ['/pg', '/', false],
    ['/pg', '/p', false],
    ['/', '/anything', true],
  ] as const)
    it(`${folder}: ${path} ${want ? 'is' : 'is not'}`, () => expect(isInside(folder, path)).toBe(want));
});

describe('what include_dir reads', () => {
  for (const [name, want] of [
    ['a.conf', true],
    ['00-memory.conf', true],
    ['.conf', false],
    ['.a.conf', false],
    ['a.conf~', false],
    ['a.conf.off', false],
    ['a.CONF', false],
    ['aconf', false],
  ] as const)
    it(`${name}: ${want}`, () => expect(isIncludable(name)).toBe(want));
});

describe('the server’s own', () => {
  for (const [path, want] of [
    ['/pg/PG_VERSION', true],
    ['/pg/standby.signal', true],
    ['/pg/base/1/2619', true],
    ['/pg/pg_wal/000000010000000000000001', true],
    ['/pg/postgresql.conf', false],
    ['/pg/pg_hba.conf', false],
    ['/pg/conf.d/PG_VERSION', false],
    ['/pgx/standby.signal', false],
    ['/etc/standby.signal', false],
  ] as const)
    it(`${path}: ${want}`, () => expect(isServersOwn('/pg', path)).toBe(want));
});

const part = fc.constantFrom('a', 'b.conf', '.', '..', '', '...');
const paths = fc.array(part, { maxLength: 8 }).map((parts) => parts.join('/'));

it('is canonical once and for all, absolute, with nothing left to resolve', () => {
  fc.assert(
    fc.property(paths, (path) => {
      const made = normalise(path);
      expect(normalise(made)).toBe(made);
      expect(made).toMatch(/^\/((?!\.{1,2}(\/|$))[^/]+(\/(?!\.{1,2}(\/|$))[^/]+)*)?$/);
    }),
    { verbose: true },
  );
});

it('comes apart into folder and name, and together again', () => {
  fc.assert(
    fc.property(paths.map(normalise), (path) => {
      expect(normalise(`${dirname(path)}/${basename(path)}`)).toBe(path);
      expect(isInside(dirname(path), path)).toBe(true);
    }),
    { verbose: true },
  );
});

it('without ".." a relative path never leaves the folder of its file', () => {
  fc.assert(
    fc.property(paths, paths, (folder, path) => {
      const home = normalise(folder);
      const inside = isInside(home, resolveFrom(normalise(`${home}/main.conf`), `./${path}`));
      expect(inside || path.split('/').includes('..')).toBe(true);
    }),
    { verbose: true },
  );
});
