/** The options at the end of a rule, in the server's words where they are wrong (`parse_hba_auth_opt`). */
import type { AuthBuild, AuthMethod, ConnectionType } from './rule.ts';

export interface Options {
  readonly type: ConnectionType;
  readonly method: AuthMethod;
  readonly values: Record<string, string>;
}

/** Options that one method alone knows. */
const ofOneMethod: Readonly<Record<string, AuthMethod>> = {
  pamservice: 'pam',
  pam_use_hostname: 'pam',
  ldapurl: 'ldap',
  ldaptls: 'ldap',
  ldapscheme: 'ldap',
  ldapserver: 'ldap',
  ldapport: 'ldap',
  ldapbinddn: 'ldap',
  ldapbindpasswd: 'ldap',
  ldapsearchattribute: 'ldap',
  ldapsearchfilter: 'ldap',
  ldapbasedn: 'ldap',
  ldapprefix: 'ldap',
  ldapsuffix: 'ldap',
  compat_realm: 'sspi',
  upn_username: 'sspi',
  radiusservers: 'radius',
  radiusports: 'radius',
  radiussecrets: 'radius',
  radiusidentifiers: 'radius',
};
const ofOauth = ['issuer', 'scope', 'validator', 'delegate_ident_mapping'];

/** null: taken into `values`. */
export function takeOption(options: Options, word: string, { versionNum }: AuthBuild): string | null {
  const at = word.indexOf('=');
  if (at < 0) return `authentication option not in name=value format: ${word}`;
  const [name, value] = [word.slice(0, at), word.slice(at + 1)];
  const wrong = optionProblem(options, name, value, versionNum);
  if (wrong === null) options.values[name] = value;
  return wrong;
}

function optionProblem({ type, method }: Options, name: string, value: string, versionNum: number): string | null {
  const onlyFor = (methods: string): string =>
    `authentication option "${name}" is only valid for authentication methods ${methods}`;
  const one = Object.hasOwn(ofOneMethod, name) ? ofOneMethod[name] : undefined;
  if (one !== undefined) return method === one ? valueProblem(name, value) : onlyFor(one);
  if (versionNum >= 180000 && ofOauth.includes(name)) return method === 'oauth' ? null : onlyFor('oauth');
  switch (name) {
    case 'map': {
      const methods = ['ident', 'peer', 'gss', 'sspi', 'cert', ...(versionNum >= 180000 ? ['oauth'] : [])];
      const inWords =
        versionNum >= 180000 ? 'ident, peer, gssapi, sspi, cert, and oauth' : 'ident, peer, gssapi, sspi, and cert';
      return methods.includes(method) ? null : onlyFor(inWords);
    }
    case 'krb_realm':
    case 'include_realm':
      return method === 'gss' || method === 'sspi' ? null : onlyFor('gssapi and sspi');
    case 'clientcert':
      if (type !== 'hostssl') return 'clientcert can only be configured for "hostssl" rows';
      if (value === 'verify-full') return null;
      if (value !== 'verify-ca') return `invalid value for clientcert: "${value}"`;
      return method === 'cert' ? 'clientcert can only be set to "verify-full" when using "cert" authentication' : null;
    case 'clientname':
      if (type !== 'hostssl') return 'clientname can only be configured for "hostssl" rows';
      return value === 'CN' || value === 'DN' ? null : `invalid value for clientname: "${value}"`;
    default:
      return `unrecognized authentication option name: "${name}"`;
  }
}

function valueProblem(name: string, value: string): string | null {
  const isNumber = Number.parseInt(value, 10) !== 0 && !Number.isNaN(Number.parseInt(value, 10));
  if (name === 'ldapport' && !isNumber) return `invalid LDAP port number: "${value}"`;
  if (name === 'ldapscheme' && value !== 'ldap' && value !== 'ldaps') return `invalid ldapscheme value: "${value}"`;
  if (name === 'radiusports') {
    const wrong = listOf(value).some((port) => !Number.parseInt(port, 10));
    return wrong ? `invalid RADIUS port number: "${value}"` : null;
  }
  return null;
}

/** What a method needs beside what is wrong in itself; null: all there. */
export function missingOption({ method, values }: Options, build: AuthBuild): string | null {
  const needs = (name: string): string | null =>
    Object.hasOwn(values, name) ? null : `authentication method "${method}" requires argument "${name}" to be set`;
  switch (method) {
    case 'ldap':
      return ldapProblem(values, build.versionNum);
    case 'radius':
      return needs('radiusservers') ?? needs('radiussecrets') ?? radiusProblem(values);
    case 'oauth':
      return needs('scope') ?? needs('issuer') ?? oauthProblem(values, build);
    default:
      return null;
  }
}

function ldapProblem(values: Readonly<Record<string, string>>, versionNum: number): string | null {
  const has = (...names: string[]): boolean => names.some((name) => Object.hasOwn(values, name));
  if (has('ldapprefix', 'ldapsuffix')) {
    const search = ['ldapbasedn', 'ldapbinddn', 'ldapbindpasswd', 'ldapsearchattribute', 'ldapsearchfilter'];
    if (!has(...search)) return null;
    return versionNum >= 170000
      ? 'cannot mix options for simple bind and search+bind modes'
      : 'cannot use ldapbasedn, ldapbinddn, ldapbindpasswd, ldapsearchattribute, ldapsearchfilter, or ldapurl together with ldapprefix';
  }
  if (!has('ldapbasedn', 'ldapurl'))
    return 'authentication method "ldap" requires argument "ldapbasedn", "ldapprefix", or "ldapsuffix" to be set';
  return has('ldapsearchattribute') && has('ldapsearchfilter')
    ? 'cannot use ldapsearchattribute together with ldapsearchfilter'
    : null;
}

function radiusProblem(values: Readonly<Record<string, string>>): string | null {
  const count = (name: string): number => listOf(values[name] ?? '').length;
  const servers = count('radiusservers');
  if (servers === 0) return 'list of RADIUS servers cannot be empty';
  if (count('radiussecrets') === 0) return 'list of RADIUS secrets cannot be empty';
  const fits = (name: string, word: string, mayBeNone: boolean): string | null => {
    const has = count(name);
    if (has === 1 || has === servers || (mayBeNone && has === 0)) return null;
    return `the number of RADIUS ${word} (${has}) must be 1 or the same as the number of RADIUS servers (${servers})`;
  };
  return (
    fits('radiussecrets', 'secrets', false) ??
    fits('radiusports', 'ports', true) ??
    fits('radiusidentifiers', 'identifiers', true)
  );
}

function oauthProblem(values: Readonly<Record<string, string>>, { oauthValidators }: AuthBuild): string | null {
  if (oauthValidators.length === 0) return 'oauth_validator_libraries must be set for authentication method oauth';
  const { validator } = values;
  if (validator === undefined && oauthValidators.length > 1)
    return 'authentication method "oauth" requires argument "validator" to be set when oauth_validator_libraries contains multiple options';
  if (validator !== undefined && !oauthValidators.includes(validator))
    return `validator "${validator}" is not permitted by oauth_validator_libraries`;
  const delegates = values['delegate_ident_mapping'] === '1' || values['delegate_ident_mapping'] === 'true';
  return delegates && Object.hasOwn(values, 'map')
    ? 'map cannot be used in combination with delegate_ident_mapping'
    : null;
}

/** A comma-separated list; blanks around its items do not count. */
export function listOf(value: string): readonly string[] {
  return value.trim() === '' ? [] : value.split(',').map((item) => item.trim());
}
