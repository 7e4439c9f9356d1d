/** What commands share: the configuration when there is one, a client, the address of the Web UI. */
import { createKnowngoodClient } from '../client/client.ts';
import type { KnowngoodClient } from '../client/client.ts';
import { localTemporal } from '../config/common.ts';
import { loadKnowngoodConfig } from '../config/load.ts';
import { ProblemsError } from '../config/problems-error.ts';
import { temporalConnection, type TemporalConnection } from '../config/temporal.ts';
import type { KnowngoodConfig } from '../domain/config.ts';
import { subjectOf } from '../domain/trace.ts';
import { openTracing, type Tracing, untraced } from '../traces/tracing.ts';
import { readEmbedded } from './embedded.ts';
import type { Embedded } from './embedded.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import type { Links } from './render/result.ts';
import { must } from './stop.ts';

export interface Context {
  readonly io: Io;
  readonly options: GlobalOptions;
  /** null: none was found, and none was named. */
  readonly config: KnowngoodConfig | null;
  readonly client: KnowngoodClient;
  readonly tracing: Tracing;
  links(workflowId: string): Links;
  /** Temporal is away: calls that still wait for it would trip over a closed connection, so it is left open to the end. */
  leave(): void;
}

const withoutConfig = { address: localTemporal, namespace: 'default', tls: null, apiKey: null };

export interface SeenTemporal {
  readonly temporal: TemporalConnection;
  readonly namespace: string;
  /** null: no Web UI is known. */
  readonly uiAddress: string | null;
}

/** Where Temporal and its Web UI are: the standard variables, the configuration, or what `up` runs here. */
export async function temporalSeen(io: Io, config: KnowngoodConfig | null): Promise<SeenTemporal> {
  const embedded = await readEmbedded(io.env);
  const section = config?.temporal ?? { ...withoutConfig, ...embedded?.temporal };
  const temporal = await temporalConnection(section, io.env);
  const uiAddress = config?.uiAddress ?? embeddedUi(embedded, temporal.options.address);
  return { temporal, namespace: temporal.namespace, uiAddress };
}

/** As `withClient`, in a trace: of the pipeline's where it has one. */
export async function withTracedClient<T>(
  io: Io,
  options: GlobalOptions,
  { command, about }: { readonly command: string; readonly about: unknown },
  run: (context: Context) => Promise<T>,
): Promise<T> {
  const tracing = await openTracing({ role: 'cli', env: io.env, warn: io.err });
  try {
    return await tracing.span(`knowngood ${command}`, subjectOf(about), () => withClient(io, options, run, tracing));
  } finally {
    await tracing.close();
  }
}

/** Connects, runs, closes. */
export async function withClient<T>(
  io: Io,
  options: GlobalOptions,
  run: (context: Context) => Promise<T>,
  tracing: Tracing = untraced,
): Promise<T> {
  const config = await configIfAny(options);
  const { temporal, namespace, uiAddress } = await temporalSeen(io, config);
  const { client } = must(await createKnowngoodClient({ temporal, interceptors: { workflow: [...tracing.client] } }));
  const links = (workflowId: string): Links => ({ workflowId, ui: uiLink(uiAddress, namespace, workflowId) });
  let left = false;
  const leave = (): void => void (left = true);
  try {
    return await run({ io, options, config, client, tracing, links, leave });
  } finally {
    if (!left) await client.close();
  }
}

/** A pipeline needs no file of ours: the standard Temporal variables are enough. */
export async function configIfAny(options: GlobalOptions): Promise<KnowngoodConfig | null> {
  try {
    return await loadKnowngoodConfig(options.config);
  } catch (error) {
    const absent = error instanceof ProblemsError && error.problems.every(({ code }) => code === 'no-configuration');
    if (absent) return null;
    throw error;
  }
}

/** Of the Temporal that `up` runs, when that is the one we talk to. */
function embeddedUi(embedded: Embedded | null, address: string): string | null {
  return embedded !== null && embedded.temporal.address === address ? embedded.uiAddress : null;
}

export function uiLink(uiAddress: string | null, namespace: string, workflowId: string): string | null {
  return uiAddress === null ? null : `${uiAddress}/namespaces/${encodeURIComponent(namespace)}/workflows/${workflowId}`;
}
