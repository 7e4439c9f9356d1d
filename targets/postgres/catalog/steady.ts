/** What a session sets before it reads catalogs, so that names and expressions come out alike whatever others have set. */

/** Local to the transaction; everybody may set these. */
const steady: Readonly<Record<string, string>> = {
  search_path: "''",
  quote_all_identifiers: 'off',
  standard_conforming_strings: 'on',
  datestyle: "'ISO, YMD'",
  intervalstyle: 'postgres',
  timezone: "'UTC'",
  extra_float_digits: '1',
  bytea_output: 'hex',
  xmlbinary: 'base64',
  // Compiling a query of a few milliseconds takes a hundred.
  jit: 'off',
  // A policy's expression needs the lightest lock on its table: no migration is waited for longer than this.
  lock_timeout: "'5s'",
  statement_timeout: "'25s'",
};

export const begin: readonly string[] = [
  'begin isolation level repeatable read, read only',
  ...Object.entries(steady).map(([name, value]) => `set local ${name} = ${value}`),
];
