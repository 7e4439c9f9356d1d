/** What a revert says of a file, and how a merge is known again. */
import { describe, expect, it } from '@jest/globals';
import type { RevertItem } from '../../../domain/plan.ts';
import { type FileDecision, fileItem, isMerge } from '../../../domain/revert/plan.ts';
import type { FileRole } from '../../../domain/snapshot.ts';
import type { ConfigFile } from '../../../domain/snapshot/files.ts';

const path = '/c/f.conf';

function aFile(content: string, role: FileRole = 'main', rest: Partial<ConfigFile> = {}): ConfigFile {
  return { path, role, content, mode: 0o600, uid: 1, gid: 1, ...rest };
}

describe('the item of a file', () => {
  const state = aFile('a');
  const item = (want: ConfigFile | null, live: ConfigFile | null, bent: Partial<FileDecision> = {}): RevertItem =>
    fileItem({ path, role: 'main', decision: 'restore', want, keep: null, ...bent }, live);

  it.each([
    ['as it should be', state, state, {}, 'none', 'none', 'as it should be'],
    ['not there, as it should be', null, null, {}, 'none', 'none', 'as it should be'],
    ['added', null, state, {}, 'remove', 'reload', 'removed, as before the change'],
    ['removed', state, null, {}, 'create', 'reload', 'restored'],
    ['changed', state, aFile('b'), {}, 'write', 'reload', 'restored'],
    ['of access rules', state, aFile('b'), { role: 'hba' }, 'write', 'reconnect', 'restored'],
    ['of how the server is started', state, aFile('b'), { role: 'debian' }, 'write', 'none', 'restored'],
    ['of access rules as it should be', state, state, { role: 'hba' }, 'none', 'none', 'as it should be'],
    [
      'of another mode',
      state,
      aFile('a', 'main', { mode: 0o644 }),
      {},
      'write',
      'reload',
      'mode 0600, owner 1:1 restored',
    ],
    [
      'merged',
      state,
      aFile('b'),
      { decision: 'merge' },
      'write',
      'reload',
      'merged: the change is taken back, later edits stay',
    ],
  ] as const)('%s', (_, want, live, bent, action, effect, said) => {
    expect(item(want, live, bent)).toStrictEqual({
      key: `file:${path}`,
      section: 'files',
      action,
      effect,
      summary: `${path}: ${said}`,
      decision: 'restore',
      ...('decision' in bent ? bent : {}),
    });
  });

  it('carries the note of its decision', () => expect(item(state, state, { note: 'n' }).note).toBe('n'));
});

describe('a merge', () => {
  const want = (content: string | null): FileDecision => ({
    path,
    role: 'main',
    decision: 'merge',
    want: content === null ? null : aFile(content),
    keep: null,
  });

  it.each([
    ['is what nobody has seen before', want('b'), aFile('a'), true],
    ['is what was not there before', want('b'), null, true],
    ['is not what was there before', want('a'), aFile('a'), false],
    ['is not a removal', want(null), aFile('a'), false],
  ] as const)('%s', (_, decision, before, is) => expect(isMerge(decision, before)).toBe(is));
});
