/** What a dependent needs, in the words of GRANT: `select on public.images`, `execute on function public.f(integer)`. */
import { suggestion } from '../nearest.ts';
import { signatureOf } from './signature.ts';
import { inLowerCase, nameParts, spelled } from './sql-name.ts';

export const neededPrivileges = {
  table: ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain'],
  column: ['select', 'insert', 'update', 'references'],
  sequence: ['usage', 'select', 'update'],
  routine: ['execute'],
  schema: ['usage', 'create'],
} as const;

export type NeedKind = keyof typeof neededPrivileges;
export type NeededPrivilege = (typeof neededPrivileges)[NeedKind][number];

export interface Need {
  readonly privilege: NeededPrivilege;
  /** `name` as SQL spells it, with its schema; a column's begins with its table's; a routine's types may be left out. */
  readonly on: { readonly kind: NeedKind; readonly name: string };
}

export type ParsedNeed =
  | { readonly kind: 'need'; readonly need: Need }
  | { readonly kind: 'wrong'; readonly message: string; readonly hint?: string };

/** A view, of either kind, and a foreign table are tables here, as they are for GRANT. */
const kindWords: Readonly<Record<string, NeedKind>> = {
  table: 'table',
  view: 'table',
  column: 'column',
  sequence: 'sequence',
  function: 'routine',
  procedure: 'routine',
  routine: 'routine',
  schema: 'schema',
};
const partsOf = { table: 2, column: 3, sequence: 2, routine: 2, schema: 1 } as const;
const form = 'Write it as GRANT does: "select on public.images", "usage on sequence public.images_id_seq".';

export function parseNeed(text: string): ParsedNeed {
  const [, word = '', rest] = /^\s*([A-Za-z]+)\s+on\s+([^]*\S)\s*$/i.exec(text) ?? [];
  if (rest === undefined) return wrong(`${JSON.stringify(text)} is not a privilege on something`, form);
  const [, first, second] = /^([A-Za-z]+)\s+([^]+)$/.exec(rest) ?? [];
  const kind = first === undefined ? 'table' : own(kindWords, inLowerCase(first));
  if (kind === undefined)
    return wrong(`unknown kind of object "${first}"`, suggestion(first ?? '', Object.keys(kindWords)));
  const privilege = inLowerCase(word);
  const known: readonly NeededPrivilege[] = neededPrivileges[kind];
  const found = known.find((one) => one === privilege);
  if (found === undefined) {
    const isOthers = Object.values(neededPrivileges).some((all: readonly string[]) => all.includes(privilege));
    return isOthers
      ? wrong(`a ${kind} has no privilege "${privilege}"`, `Known: ${known.join(', ')}.`)
      : wrong(`unknown privilege "${word}"`, suggestion(privilege, known));
  }
  return named(found, kind, second ?? rest);
}

function named(privilege: NeededPrivilege, kind: NeedKind, text: string): ParsedNeed {
  const signature = kind === 'routine' ? signatureOf(text) : { name: text, types: null };
  const parts = signature === null ? null : nameParts(signature.name.trim());
  if (signature === null || parts === null)
    return wrong(`${JSON.stringify(text)} is not the name of a ${kind}`, 'In YAML, quote what holds a comma.');
  if (parts.length !== partsOf[kind]) {
    const example = { table: 'public.images', column: 'public.images.id', sequence: 'public.images_id_seq' };
    const right = kind === 'routine' ? 'public.f(integer)' : kind === 'schema' ? 'public' : example[kind];
    return wrong(
      `"${text}" has ${parts.length} ${parts.length === 1 ? 'part' : 'parts'}`,
      `Name it in full, such as ${right}.`,
    );
  }
  const types = signature.types === null ? '' : `(${signature.types.join(', ')})`;
  return { kind: 'need', need: { privilege, on: { kind, name: spelled(parts) + types } } };
}

/** Back in words. */
export function needInWords({ privilege, on: { kind, name } }: Need): string {
  return `${privilege} on ${kind === 'table' ? '' : `${kind} `}${name}`;
}

function wrong(message: string, hint?: string): ParsedNeed {
  return { kind: 'wrong', message, ...(hint === undefined ? {} : { hint }) };
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
