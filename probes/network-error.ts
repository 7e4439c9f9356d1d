/** Errors of sockets, by errno: what the dependent's side did, and what was the probe's own. */
import { failedWith, probeError, type Measured } from './measured.ts';

/** Of this host, not of the other: out of descriptors or ports, a source address that is not here, no name service. */
const ownTrouble: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'EADDRNOTAVAIL',
  'EADDRINUSE',
  'EACCES',
  'EPERM',
  'EAI_AGAIN',
  // No configuration of PostgreSQL takes a name away: the resolver of this host has changed its mind.
  'ENOTFOUND',
  // A header or a path that cannot be sent.
  'UND_ERR_INVALID_ARG',
]);

const timeouts: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** Broken in the middle of a handshake it is still the network's, whatever the message says of TLS. */
const broken: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

export function fromNetworkError(error: unknown): Measured {
  const { code, message } = factsOf(error);
  if (code !== null && ownTrouble.has(code)) return probeError(code, message);
  if (code === 'ECONNREFUSED') return failedWith('refused', code, message);
  if (code !== null && timeouts.has(code)) return failedWith('timeout', code, message);
  if (code !== null && broken.has(code)) return failedWith('network', code, message);
  if (isTls(code, message)) return failedWith('tls', code, message);
  return failedWith('network', code, message);
}

function isTls(code: string | null, message: string): boolean {
  return (
    /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/.test(code ?? '') ||
    /\b(SSL|TLS|certificate)\b/i.test(message)
  );
}

/** An AggregateError (several addresses of one name) hides its reason in the first of its errors. */
function factsOf(error: unknown): { code: string | null; message: string } {
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const { code, message, cause } = (inner ?? {}) as { code?: unknown; message?: unknown; cause?: unknown };
  if (typeof code !== 'string' && cause !== undefined) return factsOf(cause);
  const errno = typeof code === 'string' ? code : null;
  return { code: errno, message: typeof message === 'string' && message !== '' ? message : String(errno ?? inner) };
}
