/** What a mutation is: one thing that a change, or a person in a hurry, does to who gets in and to what. Data only. */

export type Database = 'shop' | 'Odd "Db' | 'postgres' | 'template1';

/**
 * A text is SQL, run by the superuser in `shop`. Files are named from the data folder; an edit gets '' for a file that is
 * not there, and answers null for one that is to go. Bytes are one char each (latin1).
 */
export type Step =
  | string
  | { readonly sql: string; readonly in?: Database; readonly as?: string }
  | { readonly edit: string; readonly by: (content: string, dataDir: string) => string | null }
  | { readonly chmod: string; readonly mode: number }
  | { readonly chown: string; readonly uid: number; readonly gid: number };

export type Section =
  | 'files'
  | 'hba'
  | 'tls'
  | 'settings'
  | 'roles'
  | 'role settings'
  | 'memberships'
  | 'databases'
  | 'privileges'
  | 'owners'
  | 'default privileges'
  | 'row security'
  | 'extensions';

export interface Mutation {
  /** A sentence about what happens. */
  readonly name: string;
  readonly section: Section;
  /** First and last major version that knows it. */
  readonly from?: number;
  readonly to?: number;
  readonly steps: readonly Step[];
  /** What makes it take effect. `restart` may fail: some mutations leave a server that does not start. Default `none`. */
  readonly needs?: 'none' | 'reload' | 'restart';
  /** Nobody can look at C: the server is down, or lets no new connection in. */
  readonly blind?: boolean;
  /**
   * What PostgreSQL or DESIGN does not take back: names that stay behind (objects and roles that the mutation created, the
   * roles with NOLOGIN), left out of every oracle, and removed by `cleanUp` before the next mutation.
   */
  readonly leaves?: readonly string[];
  readonly cleanUp?: readonly Step[];
  /** Means the same as before, so that no oracle sees it. */
  readonly unseen?: boolean;
  /** Not revertible: the report names it, nothing more is asked. */
  readonly reported?: RegExp;
}

export function applies({ from = 14, to = 18 }: Mutation, major: number): boolean {
  return from <= major && major <= to;
}

/** `section` is said once for all of them. */
export function all(section: Section, mutations: readonly Omit<Mutation, 'section'>[]): readonly Mutation[] {
  return mutations.map((mutation) => ({ section, ...mutation }));
}

/** Edits that read well in a table. */
export const append = (edit: string, text: string): Step => ({
  edit,
  // Another mutation may have left the last line without its end.
  by: (content) => content + (/[^\n]$/.test(content) ? '\n' : '') + text,
});
export const prepend = (edit: string, text: string): Step => ({ edit, by: (content) => text + content });
export const write = (edit: string, text: string): Step => ({ edit, by: () => text });
export const remove = (edit: string): Step => ({ edit, by: () => null });
export const replace = (edit: string, from: string | RegExp, to: string): Step => ({
  edit,
  by: (content) => {
    const edited = content.replace(from, to);
    if (edited === content) throw new Error(`${edit} does not hold ${String(from)}`);
    return edited;
  },
});
