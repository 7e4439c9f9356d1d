/** Traces of a process by OpenTelemetry, where the standard variables name a collector; elsewhere nothing is loaded. */
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import type { TraceAttributes } from '../domain/trace.ts';
import { ownVersion } from '../worker/stack/package-root.ts';

export interface Tracing {
  /** Client calls that are worth a span: starts and Updates, not the looks of each second. */
  readonly client: readonly WorkflowClientInterceptor[];
  readonly worker: Pick<WorkerOptions, 'interceptors' | 'sinks'>;
  /** `work` as one span, below the one that it is called in, else below the pipeline's `TRACEPARENT`. */
  span<T>(name: string, attributes: TraceAttributes, work: () => Promise<T>): Promise<T>;
  /** For a program that is started now and is to be part of the span: `TRACEPARENT`, `TRACESTATE`. */
  environment(): Readonly<Record<string, string>>;
  /** Hands over what is left, in a second at most. Never fails. */
  close(): Promise<void>;
}

export interface TracedProcess {
  readonly role: 'worker' | 'probe' | 'agent' | 'cli';
  readonly env?: NodeJS.ProcessEnv;
  readonly warn: (line: string) => void;
}

export const untraced: Tracing = {
  client: [],
  // Whoever started the workflow may be traced.
  worker: { sinks: { traces: { ended: { fn: () => undefined } } } },
  span: (_, __, work) => work(),
  environment: () => ({}),
  close: async () => {},
};

/** Never fails: without traces everything else goes on. */
export async function openTracing({ role, env = process.env, warn }: TracedProcess): Promise<Tracing> {
  if (!isWanted(env)) return untraced;
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL ?? 'http/protobuf';
  if (protocol !== 'http/protobuf') {
    warn(`traces are not sent: they are told by http/protobuf, and not by ${protocol}`);
    return untraced;
  }
  try {
    const { exportTraces } = await import('./exporting.ts');
    return exportTraces({ role, env, version: await ownVersion(), warn });
  } catch (error) {
    warn(`traces are not sent: ${error instanceof Error ? error.message : String(error)}`);
    return untraced;
  }
}

function isWanted(env: NodeJS.ProcessEnv): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false;
  return Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT);
}
