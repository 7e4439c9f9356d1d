/** Names and literals as SQL takes them, whatever they contain. */

/** Reserved, in some place at least: as a name they need quotes. Quoting too much does no harm, so new ones may be missing only where they are not reserved. */
const reserved: ReadonlySet<string> = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column ' +
    'concurrently constraint create cross current_catalog current_date current_role current_schema current_time ' +
    'current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from ' +
    'full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit ' +
    'localtime localtimestamp natural none not notnull null offset on only or order outer overlaps placing primary public ' +
    'references returning right select session_user similar some symmetric system_user table tablesample then to trailing ' +
    'true union unique user using variadic verbose when where window with'
  ).split(' '),
);

export function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : `"${name.replace(/"/g, '""')}"`;
}

/** A setting's name: `work_mem`, `app.tenant`. */
export function quoteSetting(name: string): string {
  return name.split('.').map(quoteName).join('.');
}

/** Good whatever `standard_conforming_strings` says. */
export function quoteLiteral(text: string): string {
  const doubled = text.replace(/'/g, "''");
  return doubled.includes('\\') ? `E'${doubled.replace(/\\/g, '\\\\')}'` : `'${doubled}'`;
}

/** A role that is given something: '' is everybody. */
export function quoteGrantee(name: string): string {
  return name === '' ? 'public' : quoteName(name);
}
