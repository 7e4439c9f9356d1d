/** The demo's own eye on privileges: who may do what with the shop's tables, read without any code of the product. */
import pg from 'pg';
import type { Configuration } from './configuration.ts';

const query = `
  select 'table ' || c.oid::regclass as name, string_agg(
      coalesce(g.rolname, 'public') || ' ' || a.privilege_type || ' from ' || f.rolname, ', '
      order by g.rolname, a.privilege_type, f.rolname) as grants
  from pg_class c
  cross join aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
  left join pg_roles g on g.oid = a.grantee
  left join pg_roles f on f.oid = a.grantor
  -- Which a version has that another has not is no difference between them.
  where a.privilege_type <> 'MAINTAIN' and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
  group by 1`;

/** `adminUrl`: of any database of the server. Also its major version, which a server that was upgraded has changed. */
export async function readServer(
  adminUrl: string,
): Promise<{ readonly major: string; readonly grants: Configuration }> {
  const url = new URL(adminUrl);
  url.pathname = '/shop';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; grants: string }>(query);
    const { rows: versions } = await client.query<{ server_version: string }>('show server_version');
    const major = versions[0]?.server_version.split('.')[0] ?? '';
    return { major, grants: Object.fromEntries(rows.map(({ name, grants }) => [name, grants])) };
  } finally {
    await client.end();
  }
}
