/** One thing that a role of Knowngood is given, and why. Pure. */
import { quoteName } from '../revert/sql/quote.ts';

export type Privilege =
  /** `what`: the words between GRANT and TO. */
  | { readonly kind: 'grant'; readonly what: string; readonly why: string }
  /** `admin`: to change the role and its members. `acts`: to do what the role may. */
  | {
      readonly kind: 'member';
      readonly of: string;
      readonly admin: boolean;
      readonly acts: boolean;
      readonly why: string;
    }
  | { readonly kind: 'attribute'; readonly what: 'createrole' | 'createdb'; readonly why: string }
  /** Only a superuser can, and power over everything is never handed out by a script. */
  | { readonly kind: 'impossible'; readonly why: string };

export function grant(what: string, why: string): Privilege {
  return { kind: 'grant', what, why };
}

/** One statement without its semicolon, or a comment. `role`: a name as it is. */
export function statementOf(privilege: Privilege, role: string, versionNum: number): string {
  const to = quoteName(role);
  switch (privilege.kind) {
    case 'grant':
      return `grant ${privilege.what} to ${to}`;
    case 'attribute':
      return `alter role ${to} ${privilege.what}`;
    case 'member':
      return `grant ${quoteName(privilege.of)} to ${to}${optionsOf(privilege, versionNum)}`;
    case 'impossible':
      return `-- ${privilege.why}`;
  }
}

/** From 16 on a membership can be without the role's own privileges; before, whoever has its ADMIN option has them too. */
function optionsOf({ admin, acts }: Extract<Privilege, { kind: 'member' }>, versionNum: number): string {
  if (versionNum < 160_000) return admin ? ' with admin option' : '';
  return ` with ${admin ? 'admin true, ' : ''}inherit ${acts}, set ${acts}`;
}
