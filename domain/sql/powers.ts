/** What SQL gives beyond its database: said in the plan, because an approver should not have to know it by heart. */
import type { DefElem } from 'libpg-query';

/** Attributes and memberships of CREATE ROLE and ALTER ROLE that reach further than data. */
export function rolePowers(options: readonly DefElem[]): readonly string[] {
  return options.flatMap(({ defname = '', arg }) => {
    if (defname === 'addroleto' && arg !== undefined && 'List' in arg)
      return rolesOfPower(
        (arg.List.items ?? []).flatMap((item) => ('RoleSpec' in item ? [item.RoleSpec.rolename ?? ''] : [])),
      );
    const isOn = arg !== undefined && 'Boolean' in arg && arg.Boolean.boolval === true;
    const words = isOn ? attributes[defname] : undefined;
    return words === undefined ? [] : [words];
  });
}

export function rolesOfPower(granted: readonly string[]): readonly string[] {
  return granted.flatMap((name) => (name in predefined ? [`membership of ${name}, ${predefined[name]}`] : []));
}

const attributes: Readonly<Record<string, string>> = {
  superuser: 'SUPERUSER, which is power over the host too',
  createrole: 'CREATEROLE, which makes and changes other roles',
  isreplication: 'REPLICATION, which copies the whole server',
  bypassrls: 'BYPASSRLS, which sees every row',
};

const predefined: Readonly<Record<string, string>> = {
  pg_execute_server_program: 'which runs commands on the host',
  pg_read_all_data: 'which reads every table',
  pg_read_server_files: 'which reads files of the host',
  pg_write_all_data: 'which writes every table',
  pg_write_server_files: 'which writes files of the host',
};
