/** Reads `postgresql://user@host:port/db?sslmode=…`; knows which parts may not stand in it. */
import { says } from '../domain/issues.schema.ts';

export type SslMode = 'disable' | 'require' | 'verify-ca' | 'verify-full';
export const sslModes: readonly SslMode[] = ['disable', 'require', 'verify-ca', 'verify-full'];

export interface Connection {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  readonly database: string;
  /** null: not told. */
  readonly sslmode: SslMode | null;
  readonly sslrootcert: string | null;
}

/** `new URL` refuses an empty host, which is how libpq writes a Unix socket (`postgresql://user@/db?host=/run/postgresql`). */
const noHost = 'no-host.invalid';

/** Whether it says where: what is not told is localhost's, or whatever else stands for it. */
export function namesHost(text: string): boolean {
  const url = new URL(withHost(text));
  return url.searchParams.has('host') || !['', noHost].includes(url.hostname);
}

const knownParameters = [
  'host',
  'port',
  'user',
  'dbname',
  'sslmode',
  'sslrootcert',
  'application_name',
  'connect_timeout',
];

export function parseConnection(text: string): Connection {
  const url = new URL(withHost(text));
  const parameter = (name: string): string | null => url.searchParams.get(name);
  const host = url.hostname === noHost ? '' : decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '');
  const user = decodeURIComponent(url.username) || parameter('user');
  return {
    host: parameter('host') ?? (host === '' ? 'localhost' : host),
    port: Number(parameter('port') ?? (url.port === '' ? 5432 : url.port)),
    user,
    database: decodeURIComponent(url.pathname.slice(1)) || (parameter('dbname') ?? user ?? 'postgres'),
    sslmode: parameter('sslmode') as SslMode | null,
    sslrootcert: parameter('sslrootcert'),
  };
}

/** What is wrong with it, with a hint after the line break; null: nothing. Never repeats the text: it may hold a password. */
export function connectionProblem(text: string): string | null {
  const form = 'Write postgresql://user@host:port/database?sslmode=verify-full.';
  if (!/^postgres(ql)?:\/\//.test(text)) return says('is not a PostgreSQL connection address', form);
  if (!URL.canParse(withHost(text))) return says('is not a valid connection address', form);
  const url = new URL(withHost(text));
  const names = [...url.searchParams.keys()];
  if (url.password !== '' || names.some((name) => /^(password|sslpassword|passfile)$/i.test(name))) {
    return says(
      'holds a password',
      'Take it out, and write password: "${env:NAME}" or "${file:/run/secrets/name}" beside it.',
    );
  }
  const unknown = names.find((name) => !knownParameters.includes(name));
  if (unknown !== undefined)
    return says(`has an unknown parameter "${unknown}"`, `Known: ${knownParameters.join(', ')}.`);
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && !(sslModes as readonly string[]).includes(mode)) {
    return says(
      `has sslmode "${mode}", which leaves open whether TLS is used`,
      `Choose one of ${sslModes.join(', ')}.`,
    );
  }
  if (!isDecodable(text)) return says('has a broken percent escape', form);
  return null;
}

function withHost(text: string): string {
  return text
    .replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[/?]|$)/, `$1${noHost}`)
    .replace(/^(postgres(?:ql)?:\/\/)(?=[/?]|$)/, `$1${noHost}`);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
