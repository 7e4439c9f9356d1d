/** The rules of pg_hba.conf, and the rows that `pg_hba_file_rules` shows for it. */
import type { FileView } from '../conf/conf-tree.ts';
import { printAddress } from './address.ts';
import { type AuthLine, readAuthFile } from './auth-file.ts';
import { type ParsedRule, parseRule } from './parse-rule.ts';
import type { AuthBuild, HbaRule, RuleAddress } from './rule.ts';

export interface FileRule extends ParsedRule {
  readonly line: AuthLine;
}

/** A row as 16 shows it; 14 and 15 have neither number nor file. */
export interface HbaRow {
  /** null: with an error. */
  readonly rule_number: number | null;
  readonly file_name: string;
  readonly line_number: number;
  readonly type: string | null;
  readonly database: readonly string[] | null;
  readonly user_name: readonly string[] | null;
  readonly address: string | null;
  readonly netmask: string | null;
  readonly auth_method: string | null;
  readonly options: readonly string[] | null;
  readonly error: string | null;
}

export function readHba(main: string, view: FileView, build: AuthBuild): readonly FileRule[] {
  return readAuthFile(main, view, build.versionNum).map((line) =>
    line.error === null
      ? { line, ...parseRule(line, build) }
      : { line, rule: null, error: line.error, shownError: line.error },
  );
}

export function rowsOf(rules: readonly FileRule[]): readonly HbaRow[] {
  let number = 0;
  return rules.map(({ line, rule, shownError }) => ({
    rule_number: shownError === null ? (number += 1) : null,
    file_name: line.file,
    line_number: line.line,
    type: rule?.type ?? null,
    database: rule === null ? null : rule.databases.map(({ text }) => text),
    user_name: rule === null ? null : rule.users.map(({ text }) => text),
    ...addressColumns(rule?.address ?? null),
    auth_method: rule?.method ?? null,
    options: rule === null ? null : optionsShown(rule),
    error: shownError,
  }));
}

function addressColumns(address: RuleAddress | null): Pick<HbaRow, 'address' | 'netmask'> {
  if (address === null) return { address: null, netmask: null };
  if (address.kind === 'net') return { address: printAddress(address.address), netmask: printAddress(address.mask) };
  return { address: address.kind === 'name' ? address.name : address.kind, netmask: null };
}

const shownOptions = [
  'map',
  'clientcert',
  'pamservice',
  'ldapserver',
  'ldapport',
  'ldaptls',
  'ldapprefix',
  'ldapsuffix',
  'ldapbasedn',
  'ldapbinddn',
  'ldapbindpasswd',
  'ldapsearchattribute',
  'ldapsearchfilter',
  'radiusservers',
  'radiussecrets',
  'radiusidentifiers',
  'radiusports',
  'issuer',
  'scope',
  'validator',
];

/** In the server's order, whatever the order in the file. */
function optionsShown({ method, options }: HbaRule): readonly string[] | null {
  const shown: string[] = [];
  if (method === 'gss' || method === 'sspi') {
    if ((options['include_realm'] ?? '1') === '1') shown.push('include_realm=true');
    if (options['krb_realm'] !== undefined) shown.push(`krb_realm=${options['krb_realm']}`);
  }
  for (const name of shownOptions) if (Object.hasOwn(options, name)) shown.push(`${name}=${options[name]}`);
  if (method === 'oauth' && (options['delegate_ident_mapping'] === '1' || options['delegate_ident_mapping'] === 'true'))
    shown.push('delegate_ident_mapping=true');
  return shown.length === 0 ? null : shown;
}
