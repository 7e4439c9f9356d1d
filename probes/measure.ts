/** One measurement of any check kind, as a sample; never throws. */
import type { CheckSpec, Sample } from '../domain/check.ts';
import { measureCommand, type ProbeCommands } from './command.ts';
import { measureGrpc } from './grpc.ts';
import { measureHttp, type ResolveSecret } from './http.ts';
import { probeError, type Measured } from './measured.ts';
import { measurePrometheus } from './prometheus.ts';
import { measureSql } from './sql.ts';
import { measureTcp } from './tcp.ts';

/** `commands`: what checks may run here; by default nothing. */
export async function measure(
  check: CheckSpec,
  resolveSecret: ResolveSecret,
  commands: ProbeCommands = {},
): Promise<Sample> {
  const at = Date.now();
  const beganAt = performance.now();
  const measured = await byKind(check, resolveSecret, commands).catch((error: unknown) =>
    probeError(null, error instanceof Error ? error.message : String(error)),
  );
  return { check: check.name, at, latencyMs: Math.round((performance.now() - beganAt) * 10) / 10, ...measured };
}

async function byKind(check: CheckSpec, resolveSecret: ResolveSecret, commands: ProbeCommands): Promise<Measured> {
  switch (check.kind) {
    case 'http':
      return measureHttp(check, resolveSecret);
    case 'tcp':
      return measureTcp(check);
    case 'sql':
      return measureSql(check, resolveSecret);
    case 'grpc':
      return measureGrpc(check, resolveSecret);
    case 'prometheus':
      return measurePrometheus(check, resolveSecret);
    case 'command':
      return measureCommand(check, commands);
    default:
      check satisfies never;
      // A worker that is newer than this probe asks for what is not known here yet.
      return probeError(null, 'this probe does not know that kind of check: bring it up to date');
  }
}
