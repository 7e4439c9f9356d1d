/** Whether a principal gets in on a scratch server: all the way, with a password that only that server knows. */
import { Socket } from 'node:net';
import pg from 'pg';
import type { LoginAnswer, RehearsedPrincipal } from '../../../domain/rehearsal.ts';
import { askStartup } from '../startup-message.ts';
import { codeOf, messageOf } from '../target-error.ts';

export interface LoginPlace {
  readonly socketDir: string;
  readonly port: number;
  readonly password: string;
  /** Methods of its rules: behind some of them somebody else is asked. */
  readonly methods: ReadonlySet<string>;
}

const timeoutMs = 2_000;
/** They ask for a password in clear, and ask another server about it. A wrong one would count there. */
const askedElsewhere = ['ldap', 'pam', 'radius', 'bsd'];

/** An address of this host that stands for it; null: there is none here. */
export function loopbackOf(address: string): string | null {
  const [host = ''] = address.split('/');
  if (!/^127\.\d+\.\d+\.\d+$/.test(host)) return null;
  return host.endsWith('.0') ? `${host.slice(0, -1)}1` : host;
}

export async function tryLogin(principal: RehearsedPrincipal, place: LoginPlace): Promise<LoginAnswer> {
  const { user, database, address, tls } = principal;
  const localAddress = address === null ? null : loopbackOf(address);
  if (address !== null && localAddress === null) return untried(`nobody can come from ${address} on this host`);
  const host = address === null ? place.socketDir : '127.0.0.1';
  const answer = await askStartup({ host, port: place.port, user, database, localAddress, tls, timeoutMs });
  const { kind, code, message } = answer;
  switch (kind) {
    case 'denied':
    case 'error':
      return denied(code, message ?? 'refused');
    case 'no-tls':
      return { kind: 'denied', sqlState: null, message: 'the server offers no TLS' };
    case 'ok':
    case 'md5':
    case 'sasl':
      return goIn(principal, place, host, localAddress);
    case 'cleartext': {
      const elsewhere = askedElsewhere.filter((method) => place.methods.has(method));
      if (elsewhere.length > 0) return untried(`its password may be for ${elsewhere.join(' or ')} to judge`);
      return goIn(principal, place, host, localAddress);
    }
    case 'gss':
    case 'sspi':
      return untried(`only ${kind} can say who it is`);
    case 'starting':
    case 'refused':
    case 'timeout':
    case 'network':
      return untried(`the scratch server gave no answer (${code ?? kind})`);
    default:
      return kind satisfies never;
  }
}

/** To the end: the role's own attributes, CONNECT, limits and what its session loads are asked only then. */
async function goIn(
  { user, database, tls }: RehearsedPrincipal,
  { port, password }: LoginPlace,
  host: string,
  localAddress: string | null,
): Promise<LoginAnswer> {
  const client = new pg.Client({
    host,
    port,
    user,
    database,
    password,
    application_name: 'knowngood rehearsal',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    ssl: tls ? { rejectUnauthorized: false } : false,
    ...(localAddress === null ? {} : { stream: () => fromAddress(localAddress) }),
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return { kind: 'in' };
  } catch (error) {
    return denied(codeOf(error), messageOf(error));
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** pg calls `connect(port, host)`, which has no room for a local address. */
function fromAddress(localAddress: string): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket) as (options: object) => Socket;
  socket.connect = ((port: number, host: string) => connect({ port, host, localAddress })) as typeof socket.connect;
  return socket;
}

function denied(sqlState: string | null, message: string): LoginAnswer {
  if (/^(Peer|Ident) authentication failed|certificate/i.test(message))
    return untried(`who it is cannot be shown here (${message})`);
  return { kind: 'denied', sqlState, message };
}

function untried(why: string): LoginAnswer {
  return { kind: 'untried', why };
}
