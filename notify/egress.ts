/**
 * The only way out for messages: connects to configured hosts, and refuses every address that is not public unless
 * `allowPrivate` names it. What counts is the address that is connected to, so a name that resolves to another one a moment
 * later gains nothing.
 */
import { lookup as resolve } from 'node:dns';
import { connect as connectSocket, isIP, type LookupFunction, type Socket } from 'node:net';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { isAllowed, type NetworkOrHost, networkOrHost } from '../domain/notify/networks.ts';
import { Refused } from './answer.ts';

export interface Egress {
  readonly timeoutMs: number;
  /** For HTTP; follows no redirect by itself. */
  readonly dispatcher: Dispatcher;
  /** For other protocols: connected, and nothing said yet. */
  connect(host: string, port: number): Promise<Socket>;
  /** Cuts what is still on its way. */
  close(): Promise<void>;
}

export interface EgressSettings {
  readonly allowPrivate: readonly string[];
  readonly timeoutMs: number;
}

export function openEgress({ allowPrivate, timeoutMs }: EgressSettings): Egress {
  const sockets = new Set<Socket>();
  const allow = allowPrivate.flatMap((text) => networkOrHost(text) ?? []);
  const lookup = guardedLookup(allow);
  const connector = buildConnector({ timeout: timeoutMs, lookup, autoSelectFamily: true });
  const dispatcher = new Agent({
    connect: (options, callback) => {
      const host = options.hostname.replace(/^\[(.*)\]$/, '$1');
      // An address is never looked up.
      const refused = isIP(host) !== 0 && !isAllowed(host, host, allow) ? refusedAddress(host, host) : null;
      if (refused) return callback(refused, null);
      return connector(options, (...[error, socket]) => {
        if (error !== null) return callback(error, null);
        const late = check(socket, host, allow);
        if (late === null) return callback(null, socket);
        socket.destroy();
        return callback(late, null);
      });
    },
    // Nothing is kept: between two messages of a change hours may pass.
    pipelining: 0,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  return {
    timeoutMs,
    dispatcher,
    connect: async (host, port) => {
      const socket = await connectTo(host, port, allow, lookup, timeoutMs);
      sockets.add(socket);
      return socket;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await dispatcher.destroy();
    },
  };
}

function guardedLookup(allow: readonly NetworkOrHost[]): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const allowed = addresses.filter(({ address }) => isAllowed(address, host, allow));
      const [first] = allowed;
      if (first === undefined) return callback(refusedAddress(host, addresses[0]?.address ?? 'nothing'), '');
      return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}

function connectTo(
  host: string,
  port: number,
  allow: readonly NetworkOrHost[],
  lookup: LookupFunction,
  timeoutMs: number,
): Promise<Socket> {
  if (isIP(host) !== 0 && !isAllowed(host, host, allow)) return Promise.reject(refusedAddress(host, host));
  return new Promise((done, fail) => {
    const socket = connectSocket({ host, port, lookup, autoSelectFamily: true });
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      fail(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      const refused = check(socket, host, allow);
      if (refused === null) return done(socket);
      socket.destroy();
      return fail(refused);
    });
  });
}

/** The last look: at the address of the other end. */
function check({ remoteAddress }: Socket, host: string, allow: readonly NetworkOrHost[]): Refused | null {
  return remoteAddress !== undefined && isAllowed(remoteAddress, host, allow)
    ? null
    : refusedAddress(host, remoteAddress ?? 'nothing');
}

function refusedAddress(host: string, address: string): Refused {
  const where = host === address ? host : `${host} (${address})`;
  return new Refused(`${where} is not a public address; notifications.allowPrivate in knowngood.yaml would allow it`);
}
