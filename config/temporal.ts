/** Where Temporal is: the standard variables, then the standard profile, then our own `temporal` section. */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ConnectionOptions } from '@temporalio/client';
import type { PayloadKey } from '../codec/keys.ts';
import type { TemporalConfig } from '../domain/config.ts';
import { payloadKeys } from './payload-keys.ts';
import { certificateIn, pairIn } from './pem.ts';
import { ProblemsError } from './problems-error.ts';
import { resolveOptionalSecret } from './secrets.ts';

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
  const at = (name: string, path: string) => ({ where: `temporal.tls.${name}`, path });
  const mismatch = `temporal.tls: key "${key}" does not belong to cert "${cert}"`;
  return {
    ...(serverName === null ? {} : { serverNameOverride: serverName }),
    ...(ca === null ? {} : { serverRootCACertificate: await certificateIn(at('ca', ca), env) }),
    ...(cert === null || key === null
      ? {}
      : { clientCertPair: await pairIn(at('cert', cert), at('key', key), mismatch, env) }),
  };
}
