/** One database's catalog for asking: objects by what they are called, and what it means when one is not there. */
import type { AclItem, DatabaseCatalog, ObjectEntry, RowSecurityEntry } from '../catalog.ts';
import { type Acl, parseAcl } from '../revert/sql/acl.ts';
import type { Need } from './need.ts';
import { type Signature, signatureOf } from './signature.ts';
import { nameKey, nameParts, spelled } from './sql-name.ts';

export type Found =
  | { readonly kind: 'object'; readonly object: ObjectEntry }
  /** It is certain that there is none. */
  | { readonly kind: 'absent'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

export interface CatalogIndex {
  /** Of a column: its table. */
  find(on: Need['on']): Found;
  /** null: the column has no grants of its own. */
  column(name: string): ObjectEntry | null;
  rowSecurity(table: string): RowSecurityEntry | null;
  acl(object: ObjectEntry): Acl;
}

/** Made by initdb, with privileges that a snapshot holds only once they are others. */
export const systemSchemas: readonly string[] = ['pg_catalog', 'information_schema', 'pg_toast'];

export function catalogIndex({ objects, rowSecurity, extensions }: DatabaseCatalog): CatalogIndex {
  const [schemas, relations, columns] = [
    new Map<string, ObjectEntry>(),
    new Map<string, ObjectEntry>(),
    new Map<string, ObjectEntry>(),
  ];
  const routines = new Map<string, { readonly object: ObjectEntry; readonly signature: Signature }[]>();
  for (const object of objects) {
    if (object.kind === 'schema') schemas.set(nameKey(object.name), object);
    else if (object.kind === 'column') columns.set(nameKey(object.name), object);
    else if (object.kind === 'routine') {
      const signature = signatureOf(object.name);
      if (signature === null) continue;
      const key = nameKey(signature.name);
      const [known, one] = [routines.get(key), { object, signature }];
      if (known === undefined) routines.set(key, [one]);
      else known.push(one);
    } else if (isRelation(object)) relations.set(nameKey(object.name), object);
  }
  const policies = new Map(rowSecurity.map((entry) => [nameKey(entry.table), entry]));
  const acls = new Map<readonly AclItem[], Acl>();
  const strangers = extensions.filter(({ name }) => name !== 'plpgsql').map(({ name }) => name);

  function missing(kind: string, name: string, schema: string | undefined): Found {
    if (schema === undefined || systemSchemas.includes(schema) || schema.startsWith('pg_'))
      return {
        kind: 'unknown',
        why: `a snapshot holds what the system made only where its privileges were changed, and ${name} is not there`,
      };
    if (strangers.length > 0)
      return {
        kind: 'unknown',
        why: `the snapshot holds no ${kind} ${name}: there is none, or an extension (${strangers.join(', ')}) made it and nobody changed its privileges`,
      };
    return { kind: 'absent', why: `there is no ${kind} ${name}` };
  }

  function routine(name: string): Found {
    const asked = signatureOf(name);
    const all = routines.get(nameKey(asked?.name ?? name)) ?? [];
    if (all.length === 0) return missing('routine', name, nameParts(asked?.name ?? '')?.[0]);
    const types = asked?.types?.join();
    const fits = types === undefined ? all : all.filter(({ signature }) => signature.types?.join() === types);
    const [only, more] = fits;
    const mayHaveOthers = types === undefined && (strangers.length > 0 || only?.object.initial !== undefined);
    if (only !== undefined && more === undefined && !mayHaveOthers) return { kind: 'object', object: only.object };
    const known = all.map(({ object }) => object.name).join(' and ');
    return {
      kind: 'unknown',
      why: `which routine ${name} is cannot be told: there is ${known}${mayHaveOthers ? ', and others may have come with it' : ''}`,
    };
  }

  return {
    find({ kind, name }) {
      if (kind === 'routine') return routine(name);
      const parts = nameParts(name) ?? [];
      const own = kind === 'column' ? parts.slice(0, -1) : parts;
      const object = (kind === 'schema' ? schemas : relations).get(own.join('\0'));
      if (object === undefined) return missing(kind === 'column' ? 'table' : kind, spelled(own), parts[0]);
      if (kind === 'sequence' && object.kind !== 'sequence')
        return { kind: 'absent', why: `${name} is a ${object.kind}, not a sequence` };
      return { kind: 'object', object };
    },
    column: (name) => columns.get(nameKey(name)) ?? null,
    rowSecurity: (table) => policies.get(nameKey(table)) ?? null,
    acl({ acl }) {
      // Objects with the same grants share one list.
      const known = acls.get(acl) ?? parseAcl(acl);
      acls.set(acl, known);
      return known;
    },
  };
}

function isRelation({ kind }: ObjectEntry): boolean {
  return (
    kind === 'table' ||
    kind === 'view' ||
    kind === 'materialized view' ||
    kind === 'foreign table' ||
    kind === 'sequence'
  );
}
