/** Who holds a privilege on an object, by grant or by nature, and why somebody does not. */
import type { ObjectEntry } from '../catalog.ts';
import { privilegeWords } from '../revert/sql/acl.ts';
import type { CatalogIndex } from './catalog-index.ts';
import type { NeededPrivilege } from './need.ts';
import type { Roles } from './roles.ts';

const letters = Object.fromEntries(Object.entries(privilegeWords).map(([letter, word]) => [word, letter]));

export class Holders {
  readonly #roles: Roles;
  readonly #index: CatalogIndex;

  constructor(roles: Roles, index: CatalogIndex) {
    this.#roles = roles;
    this.#index = index;
  }

  /** To the user, to a role whose privileges it inherits, or to everybody. */
  isGranted(user: string, privilege: NeededPrivilege, object: ObjectEntry): boolean {
    return this.#grantees(privilege, object).some((one) => one === '' || this.#roles.hasPrivilegesOf(user, one));
  }

  /** Through a predefined role, whatever is granted. */
  isPredefined(user: string, privilege: NeededPrivilege, object: ObjectEntry): boolean {
    return predefined(privilege, object).some((role) => this.#roles.hasPrivilegesOf(user, role));
  }

  /** The user does not hold it: who does, and what stands between. `column`: one that has grants of its own. */
  because(user: string, privilege: NeededPrivilege, object: ObjectEntry, column: ObjectEntry | null): string {
    const granted = [object, ...(column === null ? [] : [column])].flatMap((one) => this.#grantees(privilege, one));
    const holders = [...new Set(granted)];
    const near = [...holders, ...predefined(privilege, object)].find((one) => this.#roles.isMember(user, one));
    if (near !== undefined) {
      const setting = this.#roles.maySetRole(user, near) ? ` (SET ROLE ${near} would give it)` : '';
      const has = holders.includes(near) ? `granted to ${near}` : `${near} would have it`;
      return `${has}, of which it is a member without INHERIT${setting}`;
    }
    if (this.#roles.hasPrivilegesOf(user, object.owner)) return 'it owns that, and somebody revoked its own privilege';
    if (holders.length === 0) return 'granted to nobody';
    const more = holders.length - shownHolders;
    return `granted only to ${holders.slice(0, shownHolders).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }

  #grantees(privilege: NeededPrivilege, object: ObjectEntry): readonly string[] {
    const letter = letters[privilege];
    return [...this.#index.acl(object).values()].flatMap((grant) =>
      grant.privilege === letter ? [grant.grantee] : [],
    );
  }
}

/** Names of a long list that a sentence can bear. */
const shownHolders = 3;

function predefined(privilege: NeededPrivilege, { kind }: ObjectEntry): readonly string[] {
  if (kind === 'schema') return privilege === 'usage' ? ['pg_read_all_data', 'pg_write_all_data'] : [];
  if (privilege === 'select') return ['pg_read_all_data'];
  if (privilege === 'insert' || privilege === 'update' || privilege === 'delete') return ['pg_write_all_data'];
  return privilege === 'maintain' ? ['pg_maintain'] : [];
}
