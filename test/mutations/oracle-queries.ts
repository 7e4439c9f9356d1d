/** The catalogs as facts, a line each, in SQL of the tests' own: names instead of OIDs, NULL ACLs as what they mean. */

/** An ACL by meaning: each privilege with who holds it, who gave it, and whether it may be passed on. */
const acl = (column: string, kind: string, owner: string): string => `
  (select coalesce(string_agg(entry, ' ' order by entry collate "C"), 'nobody') from (
    select case when grantee = 0 then 'PUBLIC' else pg_get_userbyid(grantee) end || '=' || privilege_type
      || case when is_grantable then '*' else '' end || '/' || pg_get_userbyid(grantor) as entry
    from aclexplode(coalesce(${column}, acldefault(${kind}, ${owner})))) entries)`;

const owned = (owner: string): string => `' owner=' || pg_get_userbyid(${owner})`;

/** Everything that all databases share. */
export function sharedFacts(major: number): string {
  const options = major >= 16 ? "|| ' inherit=' || m.inherit_option || ' set=' || m.set_option" : '';
  const parameters = `union all select 'parameter ' || parname || ' ' || ${acl('paracl', "'p'", '10')} from pg_parameter_acl`;
  return `
    select 'role ' || rolname || ' super=' || rolsuper || ' inherit=' || rolinherit || ' createrole=' || rolcreaterole
      || ' createdb=' || rolcreatedb || ' login=' || rolcanlogin || ' replication=' || rolreplication
      || ' bypassrls=' || rolbypassrls || ' limit=' || rolconnlimit
      || ' until=' || coalesce(rolvaliduntil, 'infinity')::text || ' password=' || coalesce(rolpassword, '–') as fact
      from pg_authid where rolname !~ '^pg_'
    union all select 'member ' || pg_get_userbyid(m.member) || ' of ' || pg_get_userbyid(m.roleid) || ' by '
      || pg_get_userbyid(m.grantor) || ' admin=' || m.admin_option ${options} from pg_auth_members m
    union all select 'setting of ' || coalesce(pg_get_userbyid(nullif(setrole, 0)), '–') || ' in ' || coalesce(d.datname, '–')
      || ' ' || setconfig::text from pg_db_role_setting left join pg_database d on d.oid = setdatabase
    union all select 'database ' || datname || ${owned('datdba')} || ' limit=' || datconnlimit || ' connect=' || datallowconn
      || ' template=' || datistemplate || ' tablespace=' || t.spcname || ' ' || ${acl('datacl', "'d'", 'datdba')}
      from pg_database join pg_tablespace t on t.oid = dattablespace
    union all select 'tablespace ' || spcname || ${owned('spcowner')} || ' ' || ${acl('spcacl', "'t'", 'spcowner')} from pg_tablespace
    ${major >= 15 ? parameters : ''}
    -- The server leaves its flag standing when a line that it had never applied is gone again, or one that said the built-in
    -- value: a restart would change nothing.
    union all select 'running ' || name || '=' || setting || ' pending=' || (pending_restart and (name in
        (select f.name from pg_file_settings f where f.name is not null) or (source = 'configuration file' and setting <> boot_val))) from pg_settings
      where source in ('configuration file', 'default', 'override', 'global') and context <> 'internal'
        and name not in (${perSession})`;
}

/** They differ with the session that looks, or are said by it. */
const perSession = [
  'transaction_isolation',
  'transaction_deferrable',
  'transaction_read_only',
  'is_superuser',
  'session_authorization',
  'role',
  'in_hot_standby',
  'application_name',
  'client_encoding',
  'seed',
  'statement_timeout',
  'quote_all_identifiers',
  'DateStyle',
  'TimeZone',
]
  .map((name) => `'${name}'`)
  .join(', ');

/** Of the system's own objects only those whose ACL is not the default one: there are thousands. */
export function databaseFacts(): string {
  const system = "(n.nspname in ('pg_catalog', 'information_schema', 'pg_toast'))";
  const temporary = "n.nspname !~ '^pg_(toast_)?temp'";
  const worthSaying = (column: string): string => `(not ${system} or ${column} is not null)`;
  return `
    select 'schema ' || nspname || ${owned('nspowner')} || ' ' || ${acl('nspacl', "'n'", 'nspowner')} as fact
      from pg_namespace n where ${temporary}
    union all select 'relation ' || relkind::text || ' ' || n.nspname || '.' || relname || ${owned('relowner')}
      || ' rls=' || relrowsecurity || ' forced=' || relforcerowsecurity || ' '
      || ${acl('relacl', `case relkind when 'S' then 's'::"char" else 'r'::"char" end`, 'relowner')}
      from pg_class c join pg_namespace n on n.oid = relnamespace
      where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${temporary} and n.nspname <> 'pg_toast' and ${worthSaying('relacl')}
    union all select 'column ' || n.nspname || '.' || relname || '.' || attname || ' ' || ${acl('attacl', "'c'", 'relowner')}
      from pg_attribute join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace
      where attacl is not null and cardinality(attacl) > 0 and not attisdropped
    union all select 'routine ' || p.oid::regprocedure || ' ' || prokind::text || ${owned('proowner')} || ' '
      || ${acl('proacl', "'f'", 'proowner')}
      from pg_proc p join pg_namespace n on n.oid = pronamespace
      where ${temporary} and (not ${system} or (proacl is not null and ${acl('proacl', "'f'", 'proowner')} <> ${acl('null::aclitem[]', "'f'", 'proowner')}))
    union all select 'type ' || n.nspname || '.' || typname || ${owned('typowner')} || ' ' || ${acl('typacl', "'T'", 'typowner')}
      from pg_type t join pg_namespace n on n.oid = typnamespace
      where ${temporary} and (not ${system} or (typacl is not null and ${acl('typacl', "'T'", 'typowner')} <> ${acl('null::aclitem[]', "'T'", 'typowner')}))
    union all select 'language ' || lanname || ${owned('lanowner')} || ' ' || ${acl('lanacl', "'l'", 'lanowner')} from pg_language
    union all select 'wrapper ' || fdwname || ${owned('fdwowner')} || ' ' || ${acl('fdwacl', "'F'", 'fdwowner')}
      from pg_foreign_data_wrapper
    union all select 'server ' || srvname || ${owned('srvowner')} || ' ' || ${acl('srvacl', "'S'", 'srvowner')} from pg_foreign_server
    union all select 'large object ' || oid || ${owned('lomowner')} || ' ' || ${acl('lomacl', "'L'", 'lomowner')}
      from pg_largeobject_metadata
    union all select 'default ' || defaclobjtype::text || ' of ' || pg_get_userbyid(defaclrole) || ' in ' || coalesce(n.nspname, '–')
      || ' ' || case when cardinality(defaclacl) = 0 then 'nobody' else ${acl('defaclacl', "'r'", 'defaclrole')} end
      from pg_default_acl left join pg_namespace n on n.oid = defaclnamespace
    union all select 'policy ' || to_jsonb(p)::text from pg_policies p
    union all select 'extension ' || extname || ' ' || extversion || ' in ' || n.nspname
      from pg_extension join pg_namespace n on n.oid = extnamespace`;
}
