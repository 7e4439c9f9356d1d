/** What Temporal's SDK has to say, in the same calm lines as our own, without its talk about starting and stopping. */
import { DefaultLogger, makeTelemetryFilterString, Runtime, type LogEntry } from '@temporalio/worker';

/** A probe and an agent have no workflows by design: the SDK's warning would alarm for nothing. */
const expected = ['No workflows registered'];

let installed = false;

/** Once a process, before the first worker; a process that has a runtime already keeps it. */
export function calmRuntime(): void {
  if (installed) return;
  installed = true;
  try {
    Runtime.install({
      logger: new DefaultLogger('WARN', write),
      telemetryOptions: {
        logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) },
      },
    });
  } catch {
    // Somebody embeds us and has installed a runtime of their own.
  }
}

function write({ level, message, timestampNanos, meta }: LogEntry): void {
  if (expected.some((start) => message.startsWith(start))) return;
  const at = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const error = meta?.['error'];
  const why = error instanceof Error ? `: ${error.message}` : '';
  process.stderr.write(`${at} temporal ${level.toLowerCase()}: ${message}${why}\n`);
}
