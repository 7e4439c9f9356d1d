/** How SQL names each kind of object where it is granted on and where it gets another owner. */
import type { ObjectEntry, ObjectKind } from '../../catalog.ts';
import { type Rank, ranks } from './unit.ts';

interface Words {
  readonly grantOn: string;
  readonly alter: string;
  readonly rank: Rank;
}

const words: { readonly [kind in Exclude<ObjectKind, 'column' | 'routine'>]: Words } = {
  schema: { grantOn: 'schema', alter: 'schema', rank: ranks.schema },
  table: { grantOn: 'table', alter: 'table', rank: ranks.relation },
  view: { grantOn: 'table', alter: 'view', rank: ranks.relation },
  'materialized view': { grantOn: 'table', alter: 'materialized view', rank: ranks.relation },
  'foreign table': { grantOn: 'table', alter: 'foreign table', rank: ranks.relation },
  // After the tables: the owner of one that belongs to a table's column follows that table.
  sequence: { grantOn: 'sequence', alter: 'sequence', rank: ranks.sequence },
  type: { grantOn: 'type', alter: 'type', rank: ranks.type },
  language: { grantOn: 'language', alter: 'language', rank: ranks.otherObject },
  'foreign data wrapper': { grantOn: 'foreign data wrapper', alter: 'foreign data wrapper', rank: ranks.otherObject },
  'foreign server': { grantOn: 'foreign server', alter: 'server', rank: ranks.otherObject },
  'large object': { grantOn: 'large object', alter: 'large object', rank: ranks.otherObject },
};

export function wordsOf({ kind, routine }: ObjectEntry): Words {
  if (kind === 'column') return words.table;
  if (kind !== 'routine') return words[kind];
  const word = routine === 'procedure' || routine === 'function' ? routine : 'routine';
  return { grantOn: word, alter: word, rank: ranks.routine };
}

/** Those that have columns. */
export function isRelation(kind: ObjectKind): boolean {
  return kind === 'table' || kind === 'view' || kind === 'materialized view' || kind === 'foreign table';
}

export function nameOf({ kind, name }: Pick<ObjectEntry, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}
