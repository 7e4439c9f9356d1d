/** Parts that knowngood.yaml and agent.yaml share, filled in. */
import type { DatabaseConfig, KeepConfig, ListenAddress, MetricsConfig, TemporalConfig } from '../domain/config.ts';
import { durationMs } from './policy.ts';
import type { KeepInput, MetricsInput, TemporalInput } from './shapes.schema.ts';

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
    ...(input?.encryption === undefined ? {} : { encryption: input.encryption }),
  };
}

export function keep(input: KeepInput): KeepConfig {
  const ms = (of: string | false | undefined): number | null => (of === false ? null : durationMs(of ?? '90d'));
  const given = input === false ? { snapshots: false as const, samples: false as const } : input;
  return { snapshotsMs: ms(given?.snapshots), samplesMs: ms(given?.samples) };
}

export function metrics(input: MetricsInput | undefined): MetricsConfig {
  const at = (text: string | undefined): ListenAddress | null => (text === undefined ? null : listenAddress(text));
  return { listen: at(input?.listen), sdk: at(input?.sdk) };
}

/** `127.0.0.1:9464`, `[::1]:9464`; null: it is none. */
export function listenAddress(text: string): ListenAddress | null {
  const [, host = '', port = ''] = /^(\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(text) ?? [];
  return host === '' || Number(port) > 65_535 ? null : { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** null: no TLS. */
export function tlsFiles(input: TemporalInput['tls']): TemporalConfig['tls'] {
  if (input === undefined || input === false) return null;
  const { ca, cert, key, serverName }: Exclude<typeof input, boolean> = input === true ? {} : input;
  return { ca: ca ?? null, cert: cert ?? null, key: key ?? null, serverName: serverName ?? null };
}
