/** Every mutation there is, in the order of a snapshot's sections. */
import { applies, type Mutation } from '../mutation.ts';
import { files } from './files.ts';
import { hba } from './hba.ts';
import { owners, privileges } from './privileges.ts';
import { databases, memberships, roleSettings, roles } from './roles.ts';
import { defaults, extensions, rowSecurity } from './schema-rules.ts';
import { readerTraps, settings } from './settings.ts';
import { tls } from './tls.ts';

export const catalogue: readonly Mutation[] = [
  ...files,
  ...tls,
  ...hba,
  ...settings,
  ...readerTraps,
  ...roles,
  ...roleSettings,
  ...memberships,
  ...databases,
  ...owners,
  ...privileges,
  ...defaults,
  ...rowSecurity,
  ...extensions,
];

/** Those of a major version: all of them, or every nth of each section beginning at `first`, so that none goes without. */
export function mutationsFor(major: number, every = 1, first = 0): readonly Mutation[] {
  const known = catalogue.filter((mutation) => applies(mutation, major));
  const sections = [...new Set(known.map(({ section }) => section))];
  return sections.flatMap((name) => {
    const own = known.filter(({ section }) => section === name);
    return own.filter((_, i) => i % every === first % Math.min(every, own.length));
  });
}
