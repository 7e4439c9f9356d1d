/** What it takes to see a server whole: the one list from which the doctor tells what is missing, and prints the rest. */
import { quoteName } from '../revert/sql/quote.ts';
import { type Privilege, grant } from './privilege.ts';

/** What the server says of a role: each is true when the role has it. */
export interface Sight {
  readonly readSettings: boolean;
  readonly readStats: boolean;
  readonly fileSettings: boolean;
  readonly hbaRules: boolean;
  readonly identMaps: boolean;
  readonly authid: boolean;
}

export interface Seeing {
  readonly sight: keyof Sight;
  /** `snapshot`: without it there is none. `more`: it is complete without. `secrets`: only where somebody asks for it. */
  readonly needed: 'snapshot' | 'more' | 'secrets';
  /** `server_version_num`; absent: 14 and later. */
  readonly since?: number;
  readonly privileges: readonly Privilege[];
}

export const seeingPasswords: Privilege = grant(
  'select on pg_authid',
  'password verifiers: a changed password is noticed, and can be put back',
);

/** Grants on catalogs and functions hold in the database in which they are given. */
export const seeing: readonly Seeing[] = [
  {
    sight: 'readSettings',
    needed: 'snapshot',
    privileges: [grant('pg_read_all_settings', 'every setting, with the file and line that it comes from')],
  },
  {
    sight: 'readStats',
    needed: 'more',
    privileges: [grant('pg_read_all_stats', 'who is connected, and which standbys replicate')],
  },
  view(
    'fileSettings',
    'snapshot',
    'pg_file_settings',
    'pg_show_all_file_settings()',
    'what postgresql.conf would become',
  ),
  view('hbaRules', 'snapshot', 'pg_hba_file_rules', 'pg_hba_file_rules()', 'whether pg_hba.conf would load'),
  {
    ...view(
      'identMaps',
      'more',
      'pg_ident_file_mappings',
      'pg_ident_file_mappings()',
      'whether pg_ident.conf would load',
    ),
    since: 150_000,
  },
  { sight: 'authid', needed: 'secrets', privileges: [seeingPasswords] },
];

function view(sight: keyof Sight, needed: Seeing['needed'], name: string, under: string, why: string): Seeing {
  return {
    sight,
    needed,
    privileges: [
      grant(`select on ${name}`, `${why}, before anything loads it`),
      grant(`execute on function ${under}`, `what ${name} is made of`),
    ],
  };
}

/** Of a version: what does not exist there is left out. */
export function seeingOn(versionNum: number): readonly Seeing[] {
  return seeing.filter(({ since = 0 }) => versionNum >= since);
}

/** Said for each database: one that takes CONNECT from PUBLIC must not blind whoever has to take that back. */
export function connecting(databases: readonly string[]): readonly Privilege[] {
  const [first, ...others] = databases.map((name) => `connect on database ${quoteName(name)}`);
  if (first === undefined) return [];
  const why = 'owners, grants and row security are read in every database, also when PUBLIC loses CONNECT';
  return [grant(first, why), ...others.map((what) => grant(what, ''))];
}
