/**
 * Why a connection to Temporal was not made. Its clients say no more than that they gave up, or say it as Rust prints it:
 * so TLS is tried once more by hand, with the same files, and the reason is told in one way for all processes.
 */
import { isIP, connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls';
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import type { ConnectionOptions } from '@temporalio/client';
import type { Problem } from '../domain/problem.ts';
import { inWordsOf, noWayToTemporal, type NoWay } from '../domain/temporal-away.ts';

type Options = Pick<ConnectionOptions, 'address' | 'tls' | 'apiKey'>;

/** A handshake takes milliseconds; an answer behind it, a few more. */
const lookTimeoutMs = 2_000;
const defaultPort = 7233;

export async function whyNoWay(options: Options, error: unknown): Promise<Problem> {
  const address = options.address ?? 'the default address';
  return noWayToTemporal(address, letIn(options, error) ?? (await look(options, error)));
}

const unauthenticated = 16;
const permissionDenied = 7;

/** null: not what it failed for. */
function letIn({ apiKey }: Options, error: unknown): NoWay | null {
  const cause = error instanceof ServiceError ? error.cause : error;
  const text = messageOf(error);
  const refused = isGrpcServiceError(cause)
    ? cause.code === unauthenticated || cause.code === permissionDenied
    : // Rust's words for the same two codes.
      /does not have valid authentication credentials|does not have permission to execute/.test(text);
  if (!refused) return null;
  const detail = isGrpcServiceError(cause) ? cause.details : (/message: "([^"]*)"/.exec(text)?.[1] ?? text);
  return { kind: 'not-let-in', detail, key: apiKey !== undefined };
}

async function look({ address = '', tls, apiKey }: Options, error: unknown): Promise<NoWay> {
  const noAnswer: NoWay = { kind: 'no-answer', detail: inWordsOf(messageOf(error)) };
  const at = placeOf(address);
  if (at === null) return noAnswer;
  const there = await reach(at);
  if (there !== null) return { kind: 'no-answer', detail: there };
  // As the SDK has it: a key alone means TLS.
  const secured = tls ?? (apiKey === undefined ? null : true);
  if (secured === null || secured === false) {
    const seen = await handshake({ ...at, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    return seen.shaken ? { kind: 'speaks-tls' } : noAnswer;
  }
  const { serverNameOverride, serverRootCACertificate, clientCertPair } = secured === true ? {} : secured;
  const name = serverNameOverride ?? at.host;
  const seen = await handshake({
    ...at,
    // Node warns of an address here, and checks it against the certificate without.
    servername: isIP(name) === 0 ? name : '',
    ALPNProtocols: ['h2'],
    ...(serverRootCACertificate === undefined ? {} : { ca: Buffer.from(serverRootCACertificate) }),
    ...(clientCertPair === undefined
      ? {}
      : { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }),
  });
  return reasonOf(
    seen,
    { ownCa: serverRootCACertificate !== undefined, shown: clientCertPair !== undefined },
    noAnswer,
  );
}

interface Seen {
  readonly shaken: boolean;
  /** The server sent something behind the handshake: it took the client's certificate, or wants none. */
  readonly answered: boolean;
  readonly error: NodeJS.ErrnoException | null;
}

function reasonOf(
  { shaken, answered, error }: Seen,
  { ownCa, shown }: { readonly ownCa: boolean; readonly shown: boolean },
  otherwise: NoWay,
): NoWay {
  if (error === null) return shaken && !answered ? refusedCertificate('It closed the connection.', shown) : otherwise;
  const { code = '', message } = error;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return { kind: 'other-name', detail: message };
  if (serverDistrusted.has(code)) return { kind: 'server-not-trusted', detail: `${message} (${code})`, ownCa };
  if (/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/.test(code))
    return { kind: 'speaks-no-tls' };
  if (/^ERR_SSL_.*ALERT/.test(code)) return refusedCertificate(`Its alert: ${alertOf(code)}.`, shown);
  if (/^ERR_(OSSL|CRYPTO)/.test(code)) return { kind: 'bad-certificate', detail: message };
  return shaken ? refusedCertificate(`${message}.`, shown) : otherwise;
}

const serverDistrusted: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_CHAIN_TOO_LONG',
]);

function refusedCertificate(detail: string, shown: boolean): NoWay {
  return { kind: 'certificate-refused', detail, shown };
}

function alertOf(code: string): string {
  return code
    .replace(/^ERR_SSL_(TLSV1\d?|SSLV3)_ALERT_/, '')
    .replaceAll('_', ' ')
    .toLowerCase();
}

/** null: something listens there. */
function reach(at: { readonly host: string; readonly port: number }): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connectPlain(at);
    const end = (said: string | null): void => {
      socket.destroy();
      resolve(said);
    };
    socket.setTimeout(lookTimeoutMs, () => end(`no answer within ${lookTimeoutMs / 1_000} s`));
    socket.once('connect', () => end(null));
    socket.once('error', ({ message }) => end(message));
  });
}

function handshake(options: TlsOptions): Promise<Seen> {
  return new Promise((resolve) => {
    let shaken = false;
    let socket: Socket | null = null;
    const end = (answered: boolean, error: NodeJS.ErrnoException | null): void => {
      socket?.destroy();
      resolve({ shaken, answered, error });
    };
    try {
      socket = connectTls(options, () => (shaken = true));
    } catch (error) {
      return end(false, error as NodeJS.ErrnoException);
    }
    // An HTTP/2 server speaks first, with its settings: only then has it accepted who connects.
    socket.once('data', () => end(true, null));
    socket.once('error', (error) => end(false, error));
    socket.once('close', () => end(false, null));
    socket.setTimeout(lookTimeoutMs, () => end(true, null));
  });
}

/** null: not an address. */
function placeOf(address: string): { readonly host: string; readonly port: number } | null {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? null : { host, port: port === undefined ? defaultPort : Number(port) };
}

/** Errors of Node and of the native client may come from another realm (tests run in one). */
function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : null;
  return typeof message === 'string' ? message : String(error);
}
