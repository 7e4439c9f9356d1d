/** The trace of a change as it travels in Temporal's headers (W3C Trace Context): read without trust, and handed on. Pure. */
import { namePattern } from './change.ts';

/** As Temporal's OpenTelemetry interceptors of every language call it. */
export const traceHeader = '_tracer-data';

export interface TraceParent {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
  /** `tracestate` of the tracing systems on the way; null: they have left none. */
  readonly state: string | null;
}

const traceparentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** As long as a header of it must be let through. */
const longestState = 512;

/** null: no trace, or nothing that is understood; a stranger may have sent it. */
export function traceIn(carrier: unknown): TraceParent | null {
  if (typeof carrier !== 'object' || carrier === null) return null;
  const { traceparent, tracestate } = carrier as { readonly traceparent?: unknown; readonly tracestate?: unknown };
  const [, traceId = '', spanId = '', flags = ''] =
    typeof traceparent === 'string' ? (traceparentPattern.exec(traceparent) ?? []) : [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return null;
  const isState = typeof tracestate === 'string' && tracestate !== '' && tracestate.length <= longestState;
  return { traceId, spanId, isSampled: Number.parseInt(flags, 16) % 2 === 1, state: isState ? tracestate : null };
}

export function carrierOf({ traceId, spanId, isSampled, state }: TraceParent): Readonly<Record<string, string>> {
  const traceparent = `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
  return state === null ? { traceparent } : { traceparent, tracestate: state };
}

/**
 * The span of a run: the last eight bytes of its id, 62 bits of which are random. The same in every replay, which a number
 * drawn in the workflow would not be once a query has drawn one too. null: the id is no UUID.
 */
export function spanOfRun(runId: string): string | null {
  const digits = runId.replaceAll('-', '').toLowerCase();
  return /^[0-9a-f]{32}$/.test(digits) && !/0{16}$/.test(digits) ? digits.slice(16) : null;
}

/** Of a run of a workflow, told when it has ended. */
export interface EndedRun {
  readonly parent: TraceParent;
  readonly spanId: string;
  /** Unix ms. */
  readonly endedAt: number;
  readonly isFailure: boolean;
  readonly attributes: TraceAttributes;
}

export type TraceAttributes = Readonly<Record<string, string>>;

const subject = {
  target: 'knowngood.target',
  changeId: 'knowngood.change_id',
  rolloutId: 'knowngood.rollout_id',
} as const;

const end = { outcome: 'knowngood.outcome', reason: 'knowngood.reason', kind: 'knowngood.answer' } as const;

/** Whom the input of a workflow or of a step is about. */
export function subjectOf(input: unknown): TraceAttributes {
  return namesIn(input, subject);
}

/** How a workflow or a step has ended, by its answer. */
export function endOf(answer: unknown): TraceAttributes {
  return namesIn(answer, end);
}

/** Names and words of ours, and nothing else: no text of people, no value of a configuration. */
function namesIn(value: unknown, fields: Readonly<Record<string, string>>): TraceAttributes {
  if (typeof value !== 'object' || value === null) return {};
  const all = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(fields).flatMap(([field, attribute]) => {
      const text = all[field];
      return typeof text === 'string' && text.length <= 100 && namePattern.test(text) ? [[attribute, text]] : [];
    }),
  );
}
