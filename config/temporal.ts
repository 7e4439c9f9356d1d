/** Where Temporal is: the standard variables, then the standard profile, then our own `temporal` section. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ConnectionOptions } from '@temporalio/client';
import type { PayloadKey } from '../codec/keys.ts';
import type { TemporalConfig } from '../domain/config.ts';
import { ProblemsError } from './problems-error.ts';
import { payloadKeys } from './payload-keys.ts';
import { referencePattern } from '../domain/secrets.ts';
import { resolveOptionalSecret, resolveSecret } from './secrets.ts';

export interface TemporalConnection {
  readonly namespace: string;
  /** Fits `Connection.connect` and `NativeConnection.connect`. */
  readonly options: Pick<ConnectionOptions, 'tls' | 'metadata'> & {
    readonly address: string;
    readonly apiKey?: string;
  };
  /** The first one encrypts; absent: payloads are in clear. */
  readonly payloadKeys?: readonly PayloadKey[];
}

/** `env` null: only the section counts, as for a server that this process has started itself. */
export async function temporalConnection(
  config: TemporalConfig,
  env: NodeJS.ProcessEnv | null = process.env,
): Promise<TemporalConnection> {
  const standard = env === null ? { connectionOptions: {} } : fromStandard(env);
  const { address, tls, apiKey, metadata } = standard.connectionOptions as Partial<TemporalConnection['options']>;
  // TLS and keys belong to an address: those of the section are not sent to the server that a variable names.
  const own = address === undefined;
  const key = apiKey ?? (own ? await resolveOptionalSecret(config.apiKey, env ?? process.env) : null);
  // Never sent anywhere, so they hold whatever the address.
  const keys = await payloadKeys(config.encryption, env);
  const secured = tls ?? (own ? await tlsOf(config.tls, env ?? process.env) : undefined);
  return {
    namespace: standard.namespace ?? config.namespace,
    options: {
      address: address ?? config.address,
      ...(secured === undefined ? {} : { tls: secured }),
      ...(key === null ? {} : { apiKey: key }),
      ...(metadata === undefined ? {} : { metadata }),
    },
    ...(keys.length === 0 ? {} : { payloadKeys: keys }),
  };
}

function fromStandard(env: NodeJS.ProcessEnv) {
  try {
    const overrideEnvVars = Object.fromEntries(
      Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    return loadClientConnectConfig({ overrideEnvVars });
  } catch (error) {
    throw new ProblemsError([
      {
        code: 'temporal-profile',
        message: 'the Temporal variables or profile cannot be read',
        detail: error instanceof Error ? error.message : String(error),
        hint: 'Check TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE and the other TEMPORAL_ variables.',
      },
    ]);
  }
}

async function tlsOf(tls: TemporalConfig['tls'], env: NodeJS.ProcessEnv): Promise<ConnectionOptions['tls']> {
  if (tls === null) return undefined;
  const { ca, cert, key, serverName } = tls;
  return {
    ...(serverName === null ? {} : { serverNameOverride: serverName }),
    ...(ca === null ? {} : { serverRootCACertificate: await certificateAt('ca', ca, env) }),
    ...(cert === null || key === null ? {} : { clientCertPair: await pairAt(cert, key, env) }),
  };
}

/** Looked at here: the native client takes a file without a certificate for an empty list of CAs. */
async function certificateAt(name: string, path: string, env: NodeJS.ProcessEnv): Promise<Buffer> {
  const pem = await readPem(name, path, env);
  readable(name, path, 'a certificate', () => new X509Certificate(pem));
  return pem;
}

async function pairAt(
  certPath: string,
  keyPath: string,
  env: NodeJS.ProcessEnv,
): Promise<{ crt: Buffer; key: Buffer }> {
  const crt = await certificateAt('cert', certPath, env);
  const key = await readPem('key', keyPath, env);
  const privateKey = readable('key', keyPath, 'an unencrypted private key', () => createPrivateKey(key));
  if (!new X509Certificate(crt).checkPrivateKey(privateKey))
    throw tlsProblem(`temporal.tls: key "${keyPath}" does not belong to cert "${certPath}"`);
  return { crt, key };
}

function readable<T>(name: string, path: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // OpenSSL's words name the form, and nothing of what it read.
    throw tlsProblem(`temporal.tls.${name}: "${path}" does not hold ${what} in PEM`, (error as Error).message);
  }
}

async function readPem(name: string, path: string, env: NodeJS.ProcessEnv): Promise<Buffer> {
  if (referencePattern.test(path)) return Buffer.from(await resolveSecret(path, env));
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new ProblemsError([
      {
        code: 'unreadable-file',
        message: `temporal.tls.${name}: could not read "${path}": ${error.code ?? 'unknown error'}`,
      },
    ]);
  });
}

function tlsProblem(message: string, detail?: string): ProblemsError {
  return new ProblemsError([{ code: 'temporal-tls', message, ...(detail === undefined ? {} : { detail }) }]);
}
