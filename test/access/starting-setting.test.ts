/** Which of the places where a setting can stand a new session begins with. */
import { expect, it } from '@jest/globals';
import { startingSetting } from '../../domain/access/starting-setting.ts';
import type { RoleEntry, SettingEntry } from '../../domain/snapshot.ts';

type Said = RoleEntry['settings'];
const roleOf = (name: string, settings: Said): RoleEntry => ({ name, settings }) as RoleEntry;
const file = { name: 'row_security', value: 'on' } as SettingEntry;

for (const [name, own, everybody, want] of [
  ['the role in the database', { shop: ['row_security=1'], '': ['row_security=2'] }, { shop: ['row_security=3'] }, '1'],
  ['the role everywhere', { '': ['row_security=2'] }, { shop: ['row_security=3'], '': ['row_security=4'] }, '2'],
  ['the database', { other: ['row_security=1'] }, { shop: ['row_security=3'], '': ['row_security=4'] }, '3'],
  ['everybody everywhere', {}, { '': ['row_security=4'] }, '4'],
  ['the files', { shop: ['row_security_too=1', 'role=x'] }, {}, 'on'],
  ['a name as it was written', { shop: ['Row_Security=a=b'] }, {}, 'a=b'],
] as const)
  it(`${name} decides`, () => {
    const roles = [
      roleOf('app', own as Said),
      roleOf('other', { shop: ['row_security=9'] }),
      roleOf('', everybody as Said),
    ];
    const asked = { user: 'app', database: 'shop', setting: 'row_security' };
    expect(startingSetting({ roles, settings: [file] }, asked)).toBe(want);
    expect(startingSetting({ roles: [], settings: [] }, asked)).toBeNull();
  });
