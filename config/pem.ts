/** Certificates and private keys in PEM, out of files that people name: looked at before anything is served or sent. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { referencePattern } from '../domain/secrets.ts';
import { ProblemsError } from './problems-error.ts';
import { resolveSecret } from './secrets.ts';

/** `where` a path was written, such as `temporal.tls.ca`; `path` may be a secret reference as well. */
export interface Named {
  readonly where: string;
  readonly path: string;
}

/** Looked at here: the native client takes a file without a certificate for an empty list of CAs. */
export async function certificateIn({ where, path }: Named, env: NodeJS.ProcessEnv): Promise<Buffer> {
  const pem = await readPem({ where, path }, env);
  readable({ where, path }, 'a certificate', () => new X509Certificate(pem));
  return pem;
}

/** `mismatch`: what is said when they do not belong together. */
export async function pairIn(
  cert: Named,
  key: Named,
  mismatch: string,
  env: NodeJS.ProcessEnv,
): Promise<{ crt: Buffer; key: Buffer }> {
  const crt = await certificateIn(cert, env);
  const pem = await readPem(key, env);
  const privateKey = readable(key, 'an unencrypted private key', () => createPrivateKey(pem));
  if (!new X509Certificate(crt).checkPrivateKey(privateKey)) throw tlsProblem(mismatch);
  return { crt, key: pem };
}

function readable<T>({ where, path }: Named, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // OpenSSL's words name the form, and nothing of what it read.
    throw tlsProblem(`${where}: "${path}" does not hold ${what} in PEM`, (error as Error).message);
  }
}

async function readPem({ where, path }: Named, env: NodeJS.ProcessEnv): Promise<Buffer> {
  if (referencePattern.test(path)) return Buffer.from(await resolveSecret(path, env));
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new ProblemsError([
      { code: 'unreadable-file', message: `${where}: could not read "${path}": ${error.code ?? 'unknown error'}` },
    ]);
  });
}

function tlsProblem(message: string, detail?: string): ProblemsError {
  return new ProblemsError([{ code: 'tls-file', message, ...(detail === undefined ? {} : { detail }) }]);
}
