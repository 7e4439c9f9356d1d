/** From a line to a rule, or to the reason why it does not load, in the server's words (`parse_hba_line`). */
import type { HbaToken } from '../hba/tokens.ts';
import { maskOf, parseAddress } from './address.ts';
import type { AuthField, AuthLine } from './auth-file.ts';
import { type Options, missingOption, takeOption } from './auth-options.ts';
import { regexProblem } from './regex.ts';
import {
  type AuthBuild,
  type AuthMethod,
  type ConnectionType,
  type HbaRule,
  type RuleAddress,
  authMethods,
  connectionTypes,
} from './rule.ts';

export interface ParsedRule {
  /** null: it does not load. */
  readonly rule: HbaRule | null;
  /** Why not; or, beside a rule, why nobody can match it. */
  readonly error: string | null;
  /** What `pg_hba_file_rules` shows of it: some mistakes stand in the server's log only. */
  readonly shownError: string | null;
}

class Wrong extends Error {}

/** Mistakes that the server forgets to show in the view. */
const onlyLogged = /^invalid (RADIUS port number|value for client(cert|name)): /;

/** `line` without an error of its own. */
export function parseRule({ file, line, fields }: AuthLine, build: AuthBuild): ParsedRule {
  let warning: string | null = null;
  try {
    const rest = [...fields];
    const type = connectionType(only(rest.shift() ?? [], 'connection type'));
    warning = cannotMatch(type, build);
    const databases = names(rest.shift(), 'database', build);
    const users = names(rest.shift(), 'role', build);
    const address = type === 'local' ? null : addressOf(rest);
    const method = methodOf(rest, type, build);
    const options: Options = { type, method, values: {} };
    for (const token of rest.flat()) refuse(takeOption(options, token.text, build));
    refuse(missingOption(options, build));
    if (method === 'cert') options.values['clientcert'] = 'verify-full';
    return {
      rule: { file, line, type, databases, users, address, method, options: options.values },
      error: warning,
      shownError: warning,
    };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    const { message } = error;
    return { rule: null, error: message, shownError: onlyLogged.test(message) ? warning : message };
  }
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new Wrong(problem);
}

function only(field: AuthField, what: string): HbaToken {
  const [token] = field;
  if (token === undefined || field.length > 1) throw new Wrong(`multiple values specified for ${what}`);
  return token;
}

function connectionType({ text }: HbaToken): ConnectionType {
  const type = connectionTypes.find((one) => one === text);
  if (type === undefined) throw new Wrong(`invalid connection type "${text}"`);
  return type;
}

function cannotMatch(type: ConnectionType, { ssl, without }: AuthBuild): string | null {
  if (type === 'hostssl' && !ssl) return 'hostssl record cannot match because SSL is disabled';
  if (type === 'hostgssenc' && without.includes('gss'))
    return 'hostgssenc record cannot match because GSSAPI is not supported by this build';
  return null;
}

function names(field: AuthField | undefined, what: 'database' | 'role', build: AuthBuild): readonly HbaToken[] {
  if (field === undefined) throw new Wrong(`end-of-line before ${what} specification`);
  if (build.versionNum >= 160000) for (const { text } of field) refuse(regexProblem(text));
  return field;
}

function addressOf(rest: AuthField[]): RuleAddress {
  const field = rest.shift();
  if (field === undefined) throw new Wrong('end-of-line before IP address specification');
  const token = only(field, 'host address');
  if (isKeyword(token, 'all') || isKeyword(token, 'samehost') || isKeyword(token, 'samenet'))
    return { kind: token.text as 'all' | 'samehost' | 'samenet' };
  const slash = token.text.indexOf('/');
  const bare = slash < 0 ? token.text : token.text.slice(0, slash);
  const address = parseAddress(bare);
  if (address === null) {
    if (slash >= 0) throw new Wrong(`specifying both host name and CIDR mask is invalid: "${token.text}"`);
    return { kind: 'name', name: bare };
  }
  if (slash >= 0) {
    const mask = maskOf(token.text.slice(slash + 1), address.family);
    if (mask === null) throw new Wrong(`invalid CIDR mask in address "${token.text}"`);
    return { kind: 'net', address, mask };
  }
  const maskField = rest.shift();
  if (maskField === undefined) throw new Wrong('end-of-line before netmask specification');
  const { text } = only(maskField, 'netmask');
  const mask = parseAddress(text);
  if (mask === null) throw new Wrong(`invalid IP mask "${text}": Name or service not known`);
  if (mask.family !== address.family) throw new Wrong('IP address and mask do not match');
  return { kind: 'net', address, mask };
}

export function isKeyword({ text, quoted }: HbaToken, keyword: string): boolean {
  return !quoted && text === keyword;
}

function methodOf(rest: AuthField[], type: ConnectionType, build: AuthBuild): AuthMethod {
  const field = rest.shift();
  if (field === undefined) throw new Wrong('end-of-line before authentication method');
  const { text } = only(field, 'authentication type');
  const method = authMethods.find((one) => one === text);
  if (method === undefined || (method === 'oauth' && build.versionNum < 180000))
    throw new Wrong(`invalid authentication method "${text}"`);
  if (method === 'md5' && build.dbUserNamespace)
    throw new Wrong('MD5 authentication is not supported when "db_user_namespace" is enabled');
  if (build.without.includes(method))
    throw new Wrong(`invalid authentication method "${text}": not supported by this build`);
  if (type === 'local') {
    if (method === 'gss') throw new Wrong('gssapi authentication is not supported on local sockets');
    if (method === 'ident') return 'peer';
  } else if (method === 'peer') throw new Wrong('peer authentication is only supported on local sockets');
  if (method === 'cert' && type !== 'hostssl')
    throw new Wrong('cert authentication is only supported on hostssl connections');
  return method;
}
