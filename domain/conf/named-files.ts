/** Files that settings name and the server reads beside its configuration: TLS certificates, keys, CAs, CRLs, the keytab. */
import type { FileRole } from '../snapshot.ts';
import { isAbsolute, isInside, normalise } from './paths.ts';

/** Setting → value, as far as it is not the built-in one. */
export interface NamedSettings {
  /** What runs. */
  readonly running: Readonly<Record<string, string>>;
  /** Outranks every file. */
  readonly commandLine: Readonly<Record<string, string>>;
}

/** What the files would make of TLS at the next reload; paths are absolute, null: not set. */
export interface TlsSettings {
  readonly on: boolean;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  readonly caFile: string | null;
  readonly crlFile: string | null;
  readonly crlDir: string | null;
  readonly dhFile: string | null;
  /** `ssl_min_protocol_version`, as written; '' is any. */
  readonly lowest: string;
  readonly highest: string;
  /** Before 18 the name of one curve, then a list of groups; null: the built-in one. */
  readonly curve: string | null;
}

export interface NamedFiles {
  readonly tls: TlsSettings;
  readonly files: ReadonlyMap<string, FileRole>;
  /** ssl_crl_dir: OpenSSL looks into it at each handshake. */
  readonly folders: readonly string[];
}

const builtIn: Readonly<Record<string, string>> = {
  ssl_cert_file: 'server.crt',
  ssl_key_file: 'server.key',
  ssl_min_protocol_version: 'TLSv1.2',
};

/** Certificates first: a file that is certificate and key in one is a secret. */
const roles: readonly (readonly [string, FileRole])[] = [
  ['ssl_cert_file', 'tls'],
  ['ssl_ca_file', 'tls'],
  ['ssl_crl_file', 'tls'],
  ['ssl_dh_params_file', 'tls'],
  ['ssl_key_file', 'secret'],
  // Its built-in value is the system's own keytab, which belongs to more than this server: only a named one is taken.
  ['krb_server_keyfile', 'secret'],
];

/** What else decides whether TLS would load. */
const limits = ['ssl_min_protocol_version', 'ssl_max_protocol_version', 'ssl_ecdh_curve'];

export const namedSettingNames: readonly string[] = ['ssl', 'ssl_crl_dir', ...roles.map(([name]) => name), ...limits];

/** `onDisk`: lower-cased name → value. Both what runs and what the files say is named. */
export function namedFiles(
  onDisk: ReadonlyMap<string, string>,
  { running, commandLine }: NamedSettings,
  dataDirectory: string,
): NamedFiles {
  const next = (name: string): string => commandLine[name] ?? onDisk.get(name) ?? builtIn[name] ?? '';
  const path = (name: string): string | null => pathOf(next(name), dataDirectory);
  const both = (name: string): readonly string[] =>
    [...new Set([path(name), pathOf(running[name] ?? '', dataDirectory)])].filter((each) => each !== null);
  return {
    tls: {
      on: isOn(next('ssl')),
      certFile: path('ssl_cert_file'),
      keyFile: path('ssl_key_file'),
      caFile: path('ssl_ca_file'),
      crlFile: path('ssl_crl_file'),
      crlDir: path('ssl_crl_dir'),
      dhFile: path('ssl_dh_params_file'),
      lowest: next('ssl_min_protocol_version'),
      highest: next('ssl_max_protocol_version'),
      curve: next('ssl_ecdh_curve') || null,
    },
    files: new Map(roles.flatMap(([name, role]) => both(name).map((each) => [each, role] as const))),
    folders: both('ssl_crl_dir'),
  };
}

/** Relative paths start in the data directory, whichever file says them. */
function pathOf(value: string, dataDirectory: string): string | null {
  const plain = value.replace(/^(?:WR)?FILE:/, '');
  if (plain === '' || /^[A-Z]+:/.test(plain)) return null;
  return normalise(isAbsolute(plain) ? plain : `${dataDirectory}/${plain}`);
}

/** Prefixes count, as in `parse_bool`. */
function isOn(text: string): boolean {
  const word = text.trim().toLowerCase();
  return word !== '' && ('true'.startsWith(word) || 'yes'.startsWith(word) || word === 'on' || word === '1');
}

/** Its absence may be put back: a file elsewhere on the host may be there for others. */
export function isOwnPlace(path: string, dataDirectory: string, configFolder: string): boolean {
  return isInside(dataDirectory, path) || isInside(configFolder, path);
}
