/** Parts that knowngood.yaml and agent.yaml share, filled in. */
import type { DatabaseConfig, TemporalConfig } from '../domain/config.ts';
import type { TemporalInput } from './shapes.schema.ts';

export const localTemporal = '127.0.0.1:7233';

export function database(input: {
  readonly connection: string;
  readonly password?: string | undefined;
}): DatabaseConfig {
  return { connection: input.connection, password: input.password ?? null };
}

export function temporal(input: TemporalInput | undefined): TemporalConfig {
  return {
    address: input?.address ?? localTemporal,
    namespace: input?.namespace ?? 'default',
    tls: tlsFiles(input?.tls),
    apiKey: input?.apiKey ?? null,
  };
}

/** null: no TLS. */
export function tlsFiles(input: TemporalInput['tls']): TemporalConfig['tls'] {
  if (input === undefined || input === false) return null;
  const { ca, cert, key, serverName }: Exclude<typeof input, boolean> = input === true ? {} : input;
  return { ca: ca ?? null, cert: cert ?? null, key: key ?? null, serverName: serverName ?? null };
}
