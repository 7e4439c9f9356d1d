/** Object kinds whose owner a snapshot holds, and what to do instead of a statement that is refused. */
import type { Node } from 'libpg-query';
import type { PlanItem } from '../plan.ts';

/** Object type of `ALTER … OWNER TO` → section. Tables and what is like them come as ALTER TABLE. */
export const ownedKinds: Readonly<Record<string, PlanItem['section']>> = {
  OBJECT_AGGREGATE: 'catalogs',
  OBJECT_DATABASE: 'databases',
  OBJECT_DOMAIN: 'catalogs',
  OBJECT_FDW: 'catalogs',
  OBJECT_FOREIGN_SERVER: 'catalogs',
  OBJECT_FUNCTION: 'catalogs',
  OBJECT_LANGUAGE: 'catalogs',
  OBJECT_LARGEOBJECT: 'catalogs',
  OBJECT_PROCEDURE: 'catalogs',
  OBJECT_ROUTINE: 'catalogs',
  OBJECT_SCHEMA: 'catalogs',
  OBJECT_TABLESPACE: 'shared',
  OBJECT_TYPE: 'catalogs',
};

type Tag = Node extends infer One ? (One extends unknown ? keyof One : never) : never;

const hints: Partial<Record<Tag, string>> = {
  AlterSystemStmt: 'Write it under "settings" of the change.',
  DropRoleStmt: 'A dropped role never comes back as the same one: ALTER ROLE … NOLOGIN locks it out.',
  ReassignOwnedStmt: 'Write one ALTER … OWNER TO for each object.',
  TransactionStmt: 'The statements of a database are one transaction already.',
  VariableSetStmt: 'Each statement runs with the settings of the agent, and as its role.',
  VariableShowStmt: 'A change has no output.',
};

export function hintFor(tag: string): string {
  return hints[tag as Tag] ?? 'Run it by a migration of your own, guarded: knowngood guard <target> -- <command>.';
}
