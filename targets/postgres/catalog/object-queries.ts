/**
 * Objects with an owner or an ACL in one database, one branch a catalog. A row: kind, name, owner, ACL, whether it was
 * NULL, the initial ACL of what the system or an extension made (null: others' own), whose such a thing was at first if it
 * was given away since, and of routines and columns more.
 */

interface Branch {
  /** `from` names the catalog `o`; its columns stand in the others. */
  readonly from: string;
  readonly catalog: string;
  readonly where?: string;
  readonly kind: string;
  readonly name: string;
  readonly owner: string;
  readonly acl: string;
  /** The letter of `acldefault`. */
  readonly letter: string;
  readonly more?: string;
  /** What the system made; in what it made, `public` is everybody's own. */
  readonly system?: string;
  /** What PUBLIC may do in information_schema from the first, which pg_init_privs does not know. */
  readonly toPublic?: { readonly privilege: string; readonly where: string };
}

const inSchema = 'join pg_catalog.pg_namespace n on n.oid =';
const lasting = "n.nspname !~ '^pg_(toast|temp_|toast_temp_)'";
const qualified = (column: string): string =>
  `pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(${column})`;
const isRelation = "o.relkind in ('r', 'p', 'v', 'm', 'f', 'S')";
const signature = `${qualified('o.proname')} || '(' || case o.prokind when 'a' then
    (select coalesce(pg_catalog.string_agg(pg_catalog.format_type(t, null), ', ' order by i), '')
     from pg_catalog.unnest(o.proargtypes) with ordinality as a (t, i))
  else pg_catalog.pg_get_function_identity_arguments(o.oid) end || ')'`;

const branches: readonly Branch[] = [
  {
    catalog: 'pg_namespace',
    from: 'pg_catalog.pg_namespace o',
    where: "o.nspname !~ '^pg_(temp_|toast_temp_)'",
    kind: "'schema'",
    name: 'pg_catalog.quote_ident(o.nspname)',
    owner: 'nspowner',
    acl: 'nspacl',
    letter: "'n'",
    system: "o.oid < 16384 and o.nspname <> 'public'",
    toPublic: { privilege: 'USAGE', where: "o.nspname = 'information_schema'" },
  },
  {
    catalog: 'pg_class',
    from: `pg_catalog.pg_class o ${inSchema} o.relnamespace`,
    where: `${isRelation} and o.relpersistence <> 't' and ${lasting}`,
    kind: `case o.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
      when 'S' then 'sequence' else 'table' end`,
    name: qualified('o.relname'),
    owner: 'relowner',
    acl: 'relacl',
    letter: "case o.relkind when 'S' then 's' else 'r' end",
    toPublic: {
      privilege: 'SELECT',
      where: `n.nspname = 'information_schema' and o.relname !~ '^(_pg_.*|sql_parts|transforms)$'`,
    },
  },
  {
    catalog: 'pg_proc',
    from: `pg_catalog.pg_proc o ${inSchema} o.pronamespace`,
    where: lasting,
    kind: "'routine'",
    name: signature,
    owner: 'proowner',
    acl: 'proacl',
    letter: "'f'",
    // One word longer than needed, never wrong: a window function is altered as a function.
    more: "case o.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end",
  },
  {
    catalog: 'pg_type',
    // Every table has a row type and an array of it: they go first, and `offset 0` keeps the planner from thinking again.
    from: `(select * from pg_catalog.pg_type t where typisdefined
          and (typrelid = 0 or typacl is not null
            or typrelid in (select oid from pg_catalog.pg_class where relkind = 'c'))
          and case when typelem <> 0 and typcategory = 'A'
            then (select e.typarray <> t.oid from pg_catalog.pg_type e where e.oid = t.typelem) else true end
          offset 0) o ${inSchema} o.typnamespace`,
    // From 17 on a multirange has neither an owner nor grants of its own: they are its range's.
    where: `${lasting} and (o.typtype <> 'm' or pg_catalog.current_setting('server_version_num')::integer < 170000)`,
    kind: "'type'",
    name: qualified('o.typname'),
    owner: 'typowner',
    acl: 'typacl',
    letter: "'T'",
    // Row types come with their tables, and are worth an entry once somebody granted or revoked something.
    system: "(o.oid < 16384 or o.typrelid in (select oid from pg_catalog.pg_class where relkind <> 'c'))",
  },
  {
    catalog: 'pg_language',
    from: 'pg_catalog.pg_language o',
    kind: "'language'",
    name: 'pg_catalog.quote_ident(o.lanname)',
    owner: 'lanowner',
    acl: 'lanacl',
    letter: "'l'",
  },
  {
    catalog: 'pg_foreign_data_wrapper',
    from: 'pg_catalog.pg_foreign_data_wrapper o',
    kind: "'foreign data wrapper'",
    name: 'pg_catalog.quote_ident(o.fdwname)',
    owner: 'fdwowner',
    acl: 'fdwacl',
    letter: "'F'",
  },
  {
    catalog: 'pg_foreign_server',
    from: 'pg_catalog.pg_foreign_server o',
    kind: "'foreign server'",
    name: 'pg_catalog.quote_ident(o.srvname)',
    owner: 'srvowner',
    acl: 'srvacl',
    letter: "'S'",
  },
  {
    catalog: 'pg_largeobject_metadata',
    from: 'pg_catalog.pg_largeobject_metadata o',
    kind: "'large object'",
    name: 'o.oid::text',
    owner: 'lomowner',
    acl: 'lomacl',
    letter: "'L'",
    // Numbers below 16384 can be chosen freely.
    system: 'false',
  },
];

/** Whose owner is neither the bootstrap superuser nor the extension's own was given away later. */
function branchSql({ from, catalog, where, kind, name, owner, acl, letter, more, system, toPublic }: Branch): string {
  const made = `(${system ?? 'o.oid < 16384'} or m.objid is not null)`;
  const byDefault = `pg_catalog.acldefault((${letter})::"char", o.${owner})`;
  const givenAway = `((o.oid < 16384 or m.objid is not null) and o.${owner} <> 10 and o.${owner} is distinct from m.extowner)`;
  const first = `(case when ${givenAway} then coalesce(m.extowner, 10) else o.${owner} end)`;
  const atFirst = `pg_catalog.acldefault((${letter})::"char", ${first})`;
  const granted =
    toPublic === undefined
      ? atFirst
      : `case when ${toPublic.where}
          then ${atFirst} || pg_catalog.makeaclitem(0, ${first}, '${toPublic.privilege}', false) else ${atFirst} end`;
  const initial = `coalesce(i.initprivs, ${granted})`;
  return `select pg_catalog.json_build_array(${kind}, ${name}, pg_catalog.pg_get_userbyid(o.${owner}),
      coalesce(o.${acl}, ${byDefault})::text, o.${acl} is null,
      case when ${made} then ${initial}::text end,
      case when ${made} and ${givenAway} then pg_catalog.pg_get_userbyid(${first}) end${more === undefined ? '' : `, ${more}`})
    from ${from}
      left join members m on m.classid = 'pg_catalog.${catalog}'::regclass and m.objid = o.oid
      left join pg_catalog.pg_init_privs i
        on i.classoid = 'pg_catalog.${catalog}'::regclass and i.objoid = o.oid and i.objsubid = 0
    where ${where === undefined ? '' : `${where} and `}
      (not ${made} or o.${acl} is distinct from i.initprivs or ${givenAway})`;
}

/** A system column that lost what it had at first has no ACL any more, and is found by what it had. */
const columns = `select pg_catalog.json_build_array('column',
      ${qualified('c.relname')} || '.' || pg_catalog.quote_ident(a.attname), '',
      coalesce(a.attacl, '{}')::text, false,
      case when c.oid < 16384 or m.objid is not null then coalesce(i.initprivs, '{}')::text end, null,
      ${qualified('c.relname')}, pg_catalog.quote_ident(a.attname))
    from (select attrelid, attnum, attname, attacl from pg_catalog.pg_attribute
          where attacl is not null and attnum > 0 and not attisdropped
          union all
          select a.attrelid, a.attnum, a.attname, a.attacl
          from pg_catalog.pg_init_privs p join pg_catalog.pg_attribute a on a.attrelid = p.objoid and a.attnum = p.objsubid
          where p.classoid = 'pg_catalog.pg_class'::regclass and p.objsubid > 0 and a.attacl is null) a
      join pg_catalog.pg_class c on c.oid = a.attrelid
      ${inSchema} c.relnamespace
      left join members m on m.classid = 'pg_catalog.pg_class'::regclass and m.objid = c.oid
      left join pg_catalog.pg_init_privs i
        on i.classoid = 'pg_catalog.pg_class'::regclass and i.objoid = c.oid and i.objsubid = a.attnum
    where c.relpersistence <> 't' and ${lasting}
      and (not (c.oid < 16384 or m.objid is not null) or a.attacl is distinct from i.initprivs)`;

/** One value: a JSON array of rows, made by the server in less time than rows take to be read here. */
export const objectsQuery = `
  with members as materialized (
    select d.classid, d.objid, e.extowner
    from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
    where d.refclassid = 'pg_catalog.pg_extension'::regclass and d.deptype = 'e')
  select coalesce(pg_catalog.json_agg(entry), '[]')::text as json from (${[...branches.map(branchSql), columns].join(' union all ')}) as entries (entry)`;
