/** Names that PostgreSQL still takes for settings which have others by now; no list of settings shows them. */

/** `map_old_guc_names`; an old name that is a setting of its own before some version is one only where that version is. */
const newNames: ReadonlyMap<string, string> = new Map([
  ['sort_mem', 'work_mem'],
  ['vacuum_mem', 'maintenance_work_mem'],
  ['ssl_ecdh_curve', 'ssl_groups'],
]);

/** Lower case. `known`: the server's settings. */
export function nameToday(name: string, known: { has(name: string): boolean }): string {
  return known.has(name) ? name : (newNames.get(name) ?? name);
}
