/**
 * Interceptors of every workflow: who started a run traced has its activities and children in the same trace. No command comes
 * or goes by them and nothing is awaited, so a history replays alike with a trace and without.
 */
import { defaultPayloadConverter } from '@temporalio/common';
import {
  ContinueAsNew,
  isCancellation,
  proxySinks,
  type Sinks,
  type WorkflowExecuteInput,
  type WorkflowInterceptors,
  workflowInfo,
} from '@temporalio/workflow';
import { carrierOf, type EndedRun, endOf, spanOfRun, subjectOf, traceHeader, traceIn } from '../domain/trace.ts';

export interface TraceSinks extends Sinks {
  traces: { ended(run: EndedRun): void };
}

type Headers = WorkflowExecuteInput['headers'];

export function interceptors(): WorkflowInterceptors {
  let toSteps: Headers = {};
  let toNextRun: Headers = {};
  const handOn = <I extends { readonly headers: Headers }>(input: I, more: Headers): I => ({
    ...input,
    headers: { ...input.headers, ...more },
  });
  return {
    inbound: [
      {
        execute(input, next) {
          const parent = parentIn(input.headers);
          const spanId = parent === null ? null : spanOfRun(workflowInfo().runId);
          if (parent === null || spanId === null) return next(input);
          toSteps = headerWith(carrierOf({ ...parent, spanId }));
          toNextRun = headerWith(carrierOf(parent));
          const running = next(input);
          const tell = (answer: unknown, isFailure: boolean): void => {
            if (!parent.isSampled) return;
            const attributes = { ...subjectOf(input.args[0]), ...endOf(answer) };
            proxySinks<TraceSinks>().traces.ended({ parent, spanId, endedAt: Date.now(), isFailure, attributes });
          };
          running.then(
            (answer) => tell(answer, false),
            (error: unknown) => tell(null, !(error instanceof ContinueAsNew) && !isCancellation(error)),
          );
          return running;
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(handOn(input, toSteps)),
        startChildWorkflowExecution: (input, next) => next(handOn(input, toSteps)),
        continueAsNew: (input, next) => next(handOn(input, toNextRun)),
      },
    ],
  };
}

/** An exception here would fail the workflow's task again and again. */
function parentIn(headers: Headers): ReturnType<typeof traceIn> {
  const payload = headers[traceHeader];
  try {
    return payload === undefined ? null : traceIn(defaultPayloadConverter.fromPayload(payload));
  } catch {
    return null;
  }
}

function headerWith(carrier: Readonly<Record<string, string>>): Headers {
  return { [traceHeader]: defaultPayloadConverter.toPayload(carrier) };
}
