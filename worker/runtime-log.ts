/** What Temporal's SDK has to say, in the same calm lines as our own, without its talk about starting and stopping. */
import {
  DefaultLogger,
  makeTelemetryFilterString,
  type TelemetryOptions,
  Runtime,
  type LogEntry,
} from '@temporalio/worker';
import type { ListenAddress } from '../domain/config.ts';

/** A probe and an agent have no workflows by design: the SDK's warning would alarm for nothing. */
const expected = ['No workflows registered'];

let installed = false;

/** Once a process, before the first worker; a process that has a runtime already keeps it. `metrics`: where its figures are served. */
export function calmRuntime(metrics: ListenAddress | null = null): void {
  if (installed) return;
  installed = true;
  try {
    install(metrics);
  } catch (error) {
    // Somebody embeds us and has installed a runtime of their own; or the port is taken, which keeps nothing from running.
    if (metrics === null || !installs(null)) return;
    const why = error instanceof Error ? error.message : String(error);
    say('warning', `the SDK's figures are not served at ${metrics.host}:${metrics.port}: ${why}`);
  }
}

function installs(metrics: ListenAddress | null): boolean {
  try {
    install(metrics);
    return true;
  } catch {
    return false;
  }
}

function install(metrics: ListenAddress | null): void {
  Runtime.install({
    logger: new DefaultLogger('WARN', write),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) },
      ...(metrics === null ? {} : { metrics: { prometheus: prometheusAt(metrics) } }),
    },
  });
}

type PrometheusExporter = Extract<NonNullable<TelemetryOptions['metrics']>, { prometheus: unknown }>['prometheus'];

/** In the units and with the endings that Prometheus is used to. */
function prometheusAt({ host, port }: ListenAddress): PrometheusExporter {
  const bindAddress = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };
}

function write({ level, message, timestampNanos, meta }: LogEntry): void {
  if (expected.some((start) => message.startsWith(start))) return;
  const error = meta?.['error'];
  const why = error instanceof Error ? `: ${error.message}` : '';
  say(level.toLowerCase(), `${message}${why}`, new Date(Number(timestampNanos / 1_000_000n)));
}

function say(level: string, line: string, at = new Date()): void {
  process.stderr.write(`${at.toISOString()} temporal ${level}: ${line}\n`);
}
