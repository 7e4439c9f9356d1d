/** Memberships, databases, tablespaces and parameters: what all databases share, each query one JSON array. */

const rowsOf = (query: string): string =>
  `select coalesce(pg_catalog.json_agg(entry), '[]')::text as json from (${query}) as entries (entry)`;

/**
 * Since 16 a membership has options of its own. Before, its grantor could be dropped and meant nothing: then it counts as
 * granted by the bootstrap superuser, for whom it can be granted again.
 */
export function membershipsQuery(versionNum: number): string {
  const options = versionNum >= 160000 ? 'inherit_option, set_option' : 'null, null';
  return rowsOf(`
    select pg_catalog.json_build_array(pg_catalog.pg_get_userbyid(roleid), pg_catalog.pg_get_userbyid(member),
      pg_catalog.pg_get_userbyid(coalesce(g.oid, 10)), admin_option, ${options})
    from pg_catalog.pg_auth_members m left join pg_catalog.pg_roles g on g.oid = m.grantor`);
}

export const databasesQuery = rowsOf(`
  select pg_catalog.json_build_array(d.datname, pg_catalog.pg_get_userbyid(d.datdba), d.datconnlimit, d.datallowconn,
    d.datistemplate, t.spcname, coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))::text, d.datacl is null)
  from pg_catalog.pg_database d join pg_catalog.pg_tablespace t on t.oid = d.dattablespace`);

/** Parameters have privileges since 15; one without a row has the default, which is nobody's but superusers'. */
export function sharedQuery(versionNum: number): string {
  const parameters = `
    union all select pg_catalog.json_build_array('parameter', parname, pg_catalog.pg_get_userbyid(10), paracl::text, false)
    from pg_catalog.pg_parameter_acl`;
  return rowsOf(`
    select pg_catalog.json_build_array('tablespace', spcname, pg_catalog.pg_get_userbyid(spcowner),
      coalesce(spcacl, pg_catalog.acldefault('t', spcowner))::text, spcacl is null)
    from pg_catalog.pg_tablespace ${versionNum >= 150000 ? parameters : ''}`);
}

/** The connection limit of a database whose DROP was cut off. */
export const invalid = -2;

/** Which databases can be read at all; asked before anything else, so that all are read at the same time. */
export const namesQuery = `
  select datname as name, datallowconn as "allowConnections", datconnlimit = ${invalid} as invalid,
    pg_catalog.has_database_privilege(oid, 'connect') as connect, datname = pg_catalog.current_database() as here
  from pg_catalog.pg_database`;
