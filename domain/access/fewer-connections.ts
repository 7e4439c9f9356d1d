/** A limit that a change lowers: who held more connections than that may be turned away, and how many are held nobody asks. Pure. */
import type { Access, AccessState, Principal } from './login.ts';

/** null: not by a limit. `access`: by which it would be let in. */
export function fewerConnections(
  before: AccessState,
  after: AccessState,
): (principal: Principal, access: Access) => Access | null {
  return ({ user, database, replication = false }, access) => {
    const role = after.roles.get(user);
    if (role === undefined || role.superuser) return null;
    const byRole = lowered(`role ${user}`, before.roles.get(user)?.connectionLimit, role.connectionLimit);
    const limit = after.databases.get(database)?.connectionLimit;
    const byDatabase = replication
      ? null
      : lowered(`database ${database}`, before.databases.get(database)?.connectionLimit, limit);
    const why = byRole ?? byDatabase;
    return why === null ? null : { kind: 'unknown', why, where: access.where };
  };
}

/** −1: no limit. */
function lowered(what: string, was = -1, is = -1): string | null {
  if (is < 0 || (was >= 0 && was <= is)) return null;
  return `${what} may hold ${is} connections at once, ${was < 0 ? 'as many as it liked' : was} before`;
}
