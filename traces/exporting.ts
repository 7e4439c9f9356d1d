/** The part of tracing that loads OpenTelemetry: spans of the SDK's interceptors and of ended workflows, sent by OTLP over HTTP. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResourcesSync, envDetectorSync, Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { ApplicationFailure } from '@temporalio/common';
import {
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
} from '@temporalio/interceptors-opentelemetry';
import type { ActivityExecuteInput, InjectedSinks, Next } from '@temporalio/worker';
import { endOf, subjectOf, traceHeader } from '../domain/trace.ts';
import type { TraceSinks } from '../workflows/traces.ts';
import { endedRun } from './ended-run.ts';
import type { TracedProcess, Tracing } from './tracing.ts';

type ActivityInbound = OpenTelemetryActivityInboundInterceptor;

const closeWithinMs = 1_000;
const propagator = new W3CTraceContextPropagator();

/** Of an error only its class leaves the house: its words may hold values of a configuration. */
class WordlessProcessor extends BatchSpanProcessor {
  override onEnd(span: ReadableSpan): void {
    span.events.length = 0;
    delete span.status.message;
    super.onEnd(span);
  }
}

/** A step of a workflow that is traced; others (the looks for drift) would each be a trace of its own. */
class TracedActivity extends OpenTelemetryActivityInboundInterceptor {
  override execute(input: ActivityExecuteInput, next: Next<ActivityInbound, 'execute'>): Promise<unknown> {
    if (input.headers[traceHeader] === undefined) return next(input);
    return super.execute(input, async (inner) => {
      const span = trace.getActiveSpan();
      span?.setAttributes(subjectOf(inner.args[0]));
      span?.setAttribute('knowngood.attempt', this.ctx.info.attempt);
      try {
        const answer = await next(inner);
        span?.setAttributes(endOf(answer));
        return answer;
      } catch (error) {
        if (error instanceof ApplicationFailure && error.type) span?.setAttribute('error.type', error.type);
        throw error;
      }
    });
  }
}

export function exportTraces({
  role,
  env,
  version,
  warn,
}: Required<TracedProcess> & { readonly version: string }): Tracing {
  // Whoever embeds us may have set up theirs, which are then used; an earlier one of ours is as good.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(propagator);
  let isSaid = false;
  setGlobalErrorHandler((error) => {
    if (!isSaid)
      warn(`traces are not taken, and lost: ${error instanceof Error ? error.message : 'no reason was told'}`);
    isSaid = true;
  });
  const resource = new Resource({ 'service.name': `knowngood-${role}`, 'service.version': version }).merge(
    detectResourcesSync({ detectors: [envDetectorSync] }),
  );
  const processor = new WordlessProcessor(new OTLPTraceExporter());
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  const tracer = provider.getTracer('knowngood', version);
  const calls = new OpenTelemetryWorkflowClientInterceptor({ tracer });
  const sinks: InjectedSinks<TraceSinks> = {
    traces: { ended: { fn: (info, run) => processor.onEnd(endedRun(info, run, resource)) } },
  };
  return {
    client: [
      {
        startWithDetails: (input, next) => calls.startWithDetails(input, next),
        startUpdate: (input, next) => calls.startUpdate(input, next),
      },
    ],
    worker: {
      sinks,
      interceptors: { activity: [(activity) => ({ inbound: new TracedActivity(activity, { tracer }) })] },
    },
    span: (name, attributes, work) =>
      tracer.startActiveSpan(name, { attributes }, aroundHere(env), async (span) => {
        try {
          return await work();
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR });
          throw error;
        } finally {
          span.end();
        }
      }),
    environment: () => {
      const into: Record<string, string> = {};
      propagator.inject(context.active(), into, defaultTextMapSetter);
      return Object.fromEntries(Object.entries(into).map(([name, value]) => [name.toUpperCase(), value]));
    },
    close: async () => {
      const timer = new AbortController();
      const handedOver = provider.shutdown().catch(() => undefined);
      await Promise.race([
        handedOver,
        sleep(closeWithinMs, undefined, { signal: timer.signal }).catch(() => undefined),
      ]);
      timer.abort();
    },
  };
}

/** The span that is open, else the pipeline's. */
function aroundHere({ TRACEPARENT: traceparent, TRACESTATE: tracestate }: NodeJS.ProcessEnv): Context {
  if (trace.getActiveSpan() !== undefined || traceparent === undefined) return context.active();
  const headers = { traceparent, ...(tracestate === undefined ? {} : { tracestate }) };
  return propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
}
