/** A session pooler in small: it gives a new client a server connection that was opened earlier, as PgBouncer does. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface SessionPooler {
  readonly port: number;
  /** How often the server was connected to, for all clients together. */
  readonly opened: () => number;
  close(): Promise<void>;
}

/** Its users must be trusted by the server. The client's authentication is the pooler's business: it lets everybody in. */
export async function openSessionPooler(server: { host: string; port: number }): Promise<SessionPooler> {
  const idle: Pooled[] = [];
  let opened = 0;
  const listener = createServer((client) => {
    client.on('error', () => undefined);
    client.once('data', (startup) => {
      // As PgBouncer does with what it cannot keep apart a client.
      if (/\0(options|statement_timeout)\0/.test(startup.toString('latin1'))) {
        client.end(failure('unsupported startup parameter'));
        return;
      }
      const take = async (): Promise<void> => {
        const pooled = idle.pop() ?? (opened++, await openServer(server, startup));
        client.write(pooled.greeting);
        client.on('data', (data) => {
          // Terminate is for the pooler; the server connection stays.
          if (data.at(-5) === 0x58 && data.readInt32BE(data.length - 4) === 4) data = data.subarray(0, -5);
          if (data.length > 0) pooled.socket.write(data);
        });
        const answer = (data: Buffer): void => void client.write(data);
        pooled.socket.on('data', answer);
        client.once('close', () => {
          pooled.socket.off('data', answer);
          idle.push(pooled);
        });
      };
      void take().catch(() => client.destroy());
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    opened: () => opened,
    close: async () => {
      for (const { socket } of idle) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

interface Pooled {
  readonly socket: Socket;
  /** From AuthenticationOk to ReadyForQuery: what each client is told. */
  readonly greeting: Buffer;
}

function openServer({ host, port }: { host: string; port: number }, startup: Buffer): Promise<Pooled> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(startup));
    let greeting: Buffer = Buffer.alloc(0);
    const onData = (data: Buffer): void => {
      greeting = Buffer.concat([greeting, data]);
      // ReadyForQuery, idle.
      if (!greeting.subarray(-6).equals(Buffer.from([0x5a, 0, 0, 0, 5, 0x49]))) return;
      socket.off('data', onData);
      resolve({ socket, greeting });
    };
    socket.on('data', onData).on('error', reject);
  });
}

function failure(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C08P01\0M${message}\0\0`);
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
