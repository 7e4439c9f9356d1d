/**
 * A lone StartupMessage: what pg_hba.conf answers to a user, database, address and TLS, without a password and in 2–3 ms.
 * Where the answer is `trust` it really logs in, so a Terminate always follows. Each one leaves a line in the server's log.
 */
import { type Socket, connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { codeOf, messageOf } from './target-error.ts';

export interface StartupProbe {
  /** A folder of sockets begins with a slash. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** null: the system's choice. */
  readonly localAddress: string | null;
  readonly tls: boolean;
  readonly timeoutMs: number;
}

/** `ok`: let in without a password. `denied`: 28000, by a reject line or by no line. `starting`: 57P03. */
export type StartupKind =
  | 'ok'
  | 'cleartext'
  | 'md5'
  | 'sasl'
  | 'gss'
  | 'sspi'
  | 'denied'
  | 'starting'
  | 'error'
  | 'no-tls'
  | 'refused'
  | 'timeout'
  | 'network';

export interface StartupAnswer {
  readonly kind: StartupKind;
  /** SQLSTATE or errno word. */
  readonly code: string | null;
  readonly message: string | null;
}

/** pg_hba.conf lets it on to authentication. */
export function isLetIn({ kind }: StartupAnswer): boolean {
  return (
    kind === 'ok' || kind === 'cleartext' || kind === 'md5' || kind === 'sasl' || kind === 'gss' || kind === 'sspi'
  );
}

/** The server is there and answers for itself. */
export function isAnswering({ kind }: StartupAnswer): boolean {
  return kind !== 'starting' && kind !== 'refused' && kind !== 'timeout' && kind !== 'network';
}

const authentication: Readonly<Record<number, StartupKind>> = {
  0: 'ok',
  3: 'cleartext',
  5: 'md5',
  7: 'gss',
  9: 'sspi',
  10: 'sasl',
};

/** Never throws. */
export function askStartup(probe: StartupProbe): Promise<StartupAnswer> {
  return new Promise((resolve) => {
    const socket = openSocket(probe);
    let settled = false;
    const settle = (
      kind: StartupKind,
      code: string | null = null,
      message: string | null = null,
      stream: Socket = socket,
    ): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      // Terminate, so that the server does not wait for the rest of the handshake.
      if (stream.writable) stream.end(Buffer.from([0x58, 0, 0, 0, 4]));
      setImmediate(() => socket.destroy());
      resolve({ kind, code, message });
    };
    const timer = setTimeout(() => settle('timeout'), probe.timeoutMs);
    socket.on('error', (error) => {
      const code = codeOf(error);
      settle(code === 'ECONNREFUSED' || code === 'ENOENT' ? 'refused' : 'network', code, messageOf(error));
    });
    socket.on('close', () => settle('network', null, 'the server closed the connection without an answer'));
    socket.once('connect', () => {
      socket.setNoDelay(true);
      if (!probe.tls) return talk(socket, probe, settle);
      socket.write(sslRequest);
      socket.once('data', (reply) => {
        if (reply[0] !== 0x53) return settle('no-tls', null, 'the server does not offer TLS');
        const secure = connectTls({ socket, rejectUnauthorized: false });
        secure.on('error', (error) => settle('network', codeOf(error), messageOf(error)));
        secure.once('secureConnect', () => talk(secure, probe, settle));
      });
    });
  });
}

function openSocket({ host, port, localAddress }: StartupProbe): Socket {
  if (host.startsWith('/')) return connect({ path: `${host}/.s.PGSQL.${port}` });
  return connect({ host, port, ...(localAddress === null ? {} : { localAddress }) });
}

type Settle = (kind: StartupKind, code?: string | null, message?: string | null, stream?: Socket) => void;

function talk(stream: Socket, probe: StartupProbe, settle: Settle): void {
  let received = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 5 && received.length >= 1 + received.readInt32BE(1)) {
      const length = 1 + received.readInt32BE(1);
      answerOf(received.subarray(0, length), settle, stream);
      received = received.subarray(length);
    }
  });
  stream.write(startupMessage(probe));
}

/** Only authentication requests and errors are answers; notices and version negotiation are passed over. */
function answerOf(message: Buffer, settle: Settle, stream: Socket): void {
  if (message[0] === 0x52) return settle(authentication[message.readInt32BE(5)] ?? 'error', null, null, stream);
  if (message[0] !== 0x45) return;
  const fields = new Map(
    message
      .subarray(5)
      .toString('utf8')
      .split('\0')
      .map((field) => [field.charAt(0), field.slice(1)]),
  );
  const code = fields.get('C') ?? null;
  settle(code === '28000' ? 'denied' : code === '57P03' ? 'starting' : 'error', code, fields.get('M') ?? null, stream);
}

/** Length 8, code 80877103. */
export const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

function startupMessage({ user, database }: StartupProbe): Buffer {
  const parameters = ['user', user, 'database', database, 'application_name', 'knowngood witness'];
  const body = Buffer.from(`${parameters.join('\0')}\0\0`, 'utf8');
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(196608, 4);
  return Buffer.concat([head, body]);
}
