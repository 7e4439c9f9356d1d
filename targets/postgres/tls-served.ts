/**
 * Which certificate the server serves, seen by a TLS handshake on a new connection: a reload that could not take the new
 * TLS files says so in the log only, and shows in no view.
 */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Problem } from '../../domain/problem.ts';
import type { FilesOnDisk } from './capture-files.ts';
import { type Postmaster, findPostmaster } from './postmaster.ts';
import { sslRequest } from './startup-message.ts';
import { codeOf, messageOf } from './target-error.ts';
import { ownCertificate } from './tls-files.ts';
import { reachable } from './witness.ts';

/** `unasked`: no address to ask at, or nobody answers there, which says nothing about TLS. */
type Served =
  | { readonly kind: 'served'; readonly fingerprint: string }
  | { readonly kind: 'no-tls' | 'unasked' }
  | { readonly kind: 'failed'; readonly why: string };

const timeoutMs = 2_000;

/** `on`: the running value of `ssl`. */
export async function servedProblem(
  onDisk: Pick<FilesOnDisk, 'files' | 'tls'>,
  dataDirectory: string,
  on: boolean,
): Promise<Problem | null> {
  const certificate = ownCertificate(onDisk);
  if (!on || !onDisk.tls.on || certificate === null) return null;
  const served = await servedBy(await findPostmaster(dataDirectory));
  const expected = fingerprintOf(certificate.raw);
  if (served.kind === 'unasked' || (served.kind === 'served' && served.fingerprint === expected)) return null;
  return {
    code: 'tls-not-loaded',
    message: `the server does not serve the certificate in ${onDisk.tls.certFile}`,
    detail:
      served.kind === 'served'
        ? `It serves one with the fingerprint ${short(served.fingerprint)}, the file holds ${short(expected)}.`
        : served.kind === 'failed'
          ? `A TLS handshake on a new connection failed: ${served.why}.`
          : 'It offers no TLS on a new connection, although ssl is on.',
    hint: 'Reload it; if nothing changes, its log says why ("SSL configuration was not reloaded"). A key with a passphrase may need a restart.',
  };
}

export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

function short(fingerprint: string): string {
  return fingerprint.slice(0, 16);
}

/** Over TCP: PostgreSQL has no TLS on sockets. Ends without a word to the server, which logs nothing then. */
export function servedBy(postmaster: Pick<Postmaster, 'listenAddress' | 'port'> | null): Promise<Served> {
  if (postmaster === null || postmaster.listenAddress === null) return Promise.resolve({ kind: 'unasked' });
  const { listenAddress, port } = postmaster;
  return new Promise((resolve) => {
    const socket = connect({ host: reachable(listenAddress, null), port });
    let connected = false;
    const settle = (served: Served): void => {
      clearTimeout(timer);
      resolve(served);
      socket.destroy();
    };
    const failed = (why: string): void => settle(connected ? { kind: 'failed', why } : { kind: 'unasked' });
    const timer = setTimeout(() => failed('no answer'), timeoutMs);
    socket.on('error', (error) => failed(codeOf(error) ?? messageOf(error)));
    socket.on('close', () => failed('the server closed the connection'));
    socket.once('connect', () => {
      connected = true;
      socket.write(sslRequest);
    });
    socket.once('data', (reply) => {
      if (reply[0] !== 0x53) return settle({ kind: 'no-tls' });
      // Old protocols too: it is asked what the server serves, not whether that is any good.
      const secure = connectTls({ socket, rejectUnauthorized: false, minVersion: 'TLSv1' });
      secure.on('error', (error) => failed(messageOf(error)));
      secure.once('secureConnect', () => {
        const { raw } = secure.getPeerCertificate();
        settle(raw === undefined ? { kind: 'no-tls' } : { kind: 'served', fingerprint: fingerprintOf(raw) });
      });
    });
  });
}
