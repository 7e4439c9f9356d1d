/** A run of a workflow as a span: the sandbox has no clock and no numbers of its own, so it is made of what it tells at its end. */
import { createTraceState, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { hrTimeDuration, millisToHrTime } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { WorkflowInfo } from '@temporalio/workflow';
import type { EndedRun } from '../domain/trace.ts';

/** Named, with its attributes, as the SDK's interceptors do it. */
export function endedRun(
  info: Pick<WorkflowInfo, 'workflowType' | 'workflowId' | 'runId' | 'runStartTime'>,
  { parent, spanId, endedAt, isFailure, attributes }: EndedRun,
  resource: Resource,
): ReadableSpan {
  const startTime = millisToHrTime(info.runStartTime.getTime());
  const endTime = millisToHrTime(endedAt);
  return {
    name: `RunWorkflow:${info.workflowType}`,
    kind: SpanKind.INTERNAL,
    spanContext: () => ({
      traceId: parent.traceId,
      spanId,
      traceFlags: TraceFlags.SAMPLED,
      ...(parent.state === null ? {} : { traceState: createTraceState(parent.state) }),
    }),
    parentSpanId: parent.spanId,
    startTime,
    endTime,
    duration: hrTimeDuration(startTime, endTime),
    status: { code: isFailure ? SpanStatusCode.ERROR : SpanStatusCode.OK },
    attributes: { temporalWorkflowId: info.workflowId, run_id: info.runId, ...attributes },
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationLibrary: { name: 'knowngood' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}
