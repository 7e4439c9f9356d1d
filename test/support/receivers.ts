/** Real receivers of notices on this machine: HTTP and SMTP servers that remember what came, and answer as they are told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Received {
  readonly at: number;
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of JSON; null: it is none. */
  readonly json: any;
}

/** What to do with the nth request, from 0. Default: 200 "ok". */
export type Script = (received: Received, n: number) => Reply | Promise<Reply>;
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The connection is cut instead of an answer. */
  readonly cut?: true;
  /** Nothing at all is said. */
  readonly silent?: true;
}

export interface HttpReceiver {
  readonly address: string;
  readonly received: Received[];
  /** To a path alone. */
  at(path: string): Received[];
  script(script: Script): void;
  stop(): Promise<void>;
}

export async function startHttpReceiver(port = 0): Promise<HttpReceiver> {
  const received: Received[] = [];
  const held = new Set<ServerResponse>();
  let script: Script = () => ({});
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const { url = '', method = '', headers } = request;
      const one = { at: Date.now(), path: url, method, headers, text, json: jsonOf(text) };
      received.push(one);
      void answer(one, received.length - 1, response);
    });
  });
  async function answer(one: Received, n: number, response: ServerResponse): Promise<void> {
    const { status = 200, headers = {}, body = 'ok', cut, silent } = await script(one, n);
    if (cut) response.destroy();
    else if (silent) held.add(response);
    else response.writeHead(status, headers).end(body);
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    at: (path) => received.filter((one) => one.path.startsWith(path)),
    script: (next) => (script = next),
    stop: async () => {
      for (const response of held) response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface ReceivedMail {
  readonly at: number;
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
}

export interface MailReceiver {
  readonly port: number;
  readonly mails: ReceivedMail[];
  /** The answer to the next mails; null: they are taken. */
  refuse(error: { readonly code: number; readonly words: string } | null): void;
  stop(): Promise<void>;
}

export async function startMailReceiver(): Promise<MailReceiver> {
  const mails: ReceivedMail[] = [];
  let refusal: { readonly code: number; readonly words: string } | null = null;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (refusal !== null) return done(Object.assign(new Error(refusal.words), { responseCode: refusal.code }));
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          at: Date.now(),
          from: mailFrom === false ? '' : (mailFrom?.address ?? ''),
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('utf8'),
        });
        return done();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server as unknown as { server: { address(): AddressInfo } }).server.address().port,
    mails,
    refuse: (next) => (refusal = next),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function jsonOf(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
