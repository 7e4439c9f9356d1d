/** Default privileges, row security and extensions of one database; each query gives one value, a JSON array. */

const rowsOf = (query: string): string =>
  `select coalesce(pg_catalog.json_agg(entry), '[]')::text as json from (${query}) as entries (entry)`;
const qualified = `pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)`;

export const defaultsQuery = rowsOf(`
  select pg_catalog.json_build_array(pg_catalog.pg_get_userbyid(d.defaclrole), coalesce(pg_catalog.quote_ident(n.nspname), ''),
    case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'routines' when 'T' then 'types'
      when 'n' then 'schemas' else 'large objects' end, d.defaclacl::text)
  from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
  where n.nspname is null or n.nspname !~ '^pg_(temp_|toast)'`);

/** Role 0 is PUBLIC. */
export const rowSecurityQuery = rowsOf(`
  select pg_catalog.json_build_array(${qualified}, c.relrowsecurity, c.relforcerowsecurity, p.policies)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join (
      select polrelid, pg_catalog.json_agg(pg_catalog.json_build_array(pg_catalog.quote_ident(polname), polpermissive,
        case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
        array(select case r when 0 then '' else pg_catalog.pg_get_userbyid(r) end from pg_catalog.unnest(polroles) r),
        pg_catalog.pg_get_expr(polqual, polrelid), pg_catalog.pg_get_expr(polwithcheck, polrelid))) as policies
      from pg_catalog.pg_policy group by polrelid) p on p.polrelid = c.oid
  where (c.relrowsecurity or c.relforcerowsecurity or p.polrelid is not null) and c.relpersistence <> 't'`);

export const extensionsQuery = rowsOf(`
  select pg_catalog.json_build_array(pg_catalog.quote_ident(e.extname), e.extversion, pg_catalog.quote_ident(n.nspname))
  from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace`);
