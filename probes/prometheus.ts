/** Check kind `prometheus`: an instant query against bounds, and the time before the change, by the HTTP API of Prometheus. */
import { Client } from 'undici';
import type { PrometheusCheck } from '../domain/check.ts';
import { mostValues } from '../domain/checks/regression.ts';
import type { ResolveSecret } from './http.ts';
import { failedWith, noData, probeError, type Measured } from './measured.ts';

/** Many series of one query are a mistake, and must not become a load. */
const mostBodyBytes = 1_048_576;

type Answer = { readonly kind: 'data'; readonly data: unknown } | { readonly kind: 'no'; readonly measured: Measured };

interface Series {
  readonly labels: string;
  readonly value: number;
}

export async function measurePrometheus(check: PrometheusCheck, resolveSecret: ResolveSecret): Promise<Measured> {
  const answer = await ask(check, 'query', { query: check.query }, resolveSecret);
  if (answer.kind === 'no') return answer.measured;
  const series = instantOf(answer.data);
  if (series === null) return probeError('result', 'the query gives no number at one moment');
  const numbers = series.filter(({ value }) => !Number.isNaN(value));
  if (numbers.length === 0)
    return noData('metric', series.length === 0 ? 'the query found nothing' : 'the query gives NaN');
  if (check.comparison !== null && numbers.length > 1)
    return probeError('result', `the query gives ${numbers.length} series: only one can be compared; aggregate it`);
  for (const { labels, value } of numbers) {
    const wrong = outOf(check, value);
    if (wrong !== null) return failedWith('metric', String(value), `${wrong}${labels === '' ? '' : ` for ${labels}`}`);
  }
  return { mark: 'pass', class: null, code: String(numbers[0]?.value), message: null };
}

/** What the query gave through the window before now, one value an interval; a text: why it cannot be told. */
export async function historyOf(
  check: PrometheusCheck,
  resolveSecret: ResolveSecret,
  now: number,
): Promise<readonly number[] | string> {
  // Not thinner than the watch measures: close samples would repeat each other and prove nothing.
  const stepMs = Math.max(check.intervalMs, check.windowMs / mostValues);
  const answer = await ask(
    check,
    'query_range',
    {
      query: check.query,
      start: String((now - check.windowMs) / 1_000),
      end: String(now / 1_000),
      step: String(stepMs / 1_000),
    },
    resolveSecret,
  );
  if (answer.kind === 'no') return answer.measured.message ?? 'no answer';
  const { result } = (answer.data ?? {}) as { readonly result?: unknown };
  const values = Array.isArray(result) && result.length === 1 ? (result[0] as { values?: unknown } | null)?.values : [];
  if (!Array.isArray(values)) return 'the query gives no series';
  return values
    .map(numberIn)
    .filter((value) => Number.isFinite(value))
    .map((value) => Number(value.toPrecision(6)))
    .slice(-mostValues);
}

async function ask(
  { url, headers, timeoutMs }: PrometheusCheck,
  path: 'query' | 'query_range',
  fields: Readonly<Record<string, string>>,
  resolveSecret: ResolveSecret,
): Promise<Answer> {
  // Prometheus is how we see, and not the dependent: whatever ails it is trouble of the probe.
  const no = (code: string | null, message: string): Answer => ({ kind: 'no', measured: probeError(code, message) });
  const sent: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
  try {
    for (const [name, value] of Object.entries(headers)) sent[name] = await resolveSecret(value);
  } catch (error) {
    return no('secret', error instanceof Error ? error.message : 'a header could not be resolved');
  }
  const base = new URL(url);
  const client = new Client(base.origin, { pipelining: 0, connect: { timeout: timeoutMs } });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    const response = await client.request({
      path: `${base.pathname.replace(/\/$/, '')}/api/v1/${path}`,
      method: 'POST',
      headers: sent,
      body: new URLSearchParams({ ...fields, timeout: `${timeoutMs}ms` }).toString(),
      signal: late.signal,
      reset: true,
    });
    const text = await whole(response.body);
    if (text === null) return no('result', `the answer is larger than ${mostBodyBytes / 1_048_576} MiB`);
    const answer = parsed(text);
    if (answer?.['status'] === 'success') return { kind: 'data', data: answer['data'] };
    const said = typeof answer?.['error'] === 'string' ? answer['error'] : 'no answer of Prometheus';
    return no(String(response.statusCode), `Prometheus: ${said}`);
  } catch (error) {
    if (late.signal.aborted) return no('timeout', `Prometheus did not answer within ${timeoutMs} ms`);
    const { code, message } = error as { code?: unknown; message?: unknown };
    return no(typeof code === 'string' ? code : null, `Prometheus: ${String(message ?? error)}`);
  } finally {
    clearTimeout(timer);
    await client.destroy();
  }
}

/** null: too large. */
async function whole(body: AsyncIterable<Uint8Array>): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > mostBodyBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** null: not the answer of an instant query. */
function instantOf(data: unknown): readonly Series[] | null {
  const { resultType, result } = (data ?? {}) as { readonly resultType?: unknown; readonly result?: unknown };
  if (resultType === 'scalar') return [{ labels: '', value: numberIn(result) }];
  if (resultType !== 'vector' || !Array.isArray(result)) return null;
  return result.map((one: { metric?: object; value?: unknown } | null) => ({
    labels: Object.entries(one?.metric ?? {})
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(', '),
    value: numberIn(one?.value),
  }));
}

/** Of `[time, "value"]`. */
function numberIn(pair: unknown): number {
  const text: unknown = Array.isArray(pair) ? pair[1] : undefined;
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
}

function outOf({ min, max }: PrometheusCheck, value: number): string | null {
  if (max !== null && value > max) return `expected at most ${max}, got ${value}`;
  if (min !== null && value < min) return `expected at least ${min}, got ${value}`;
  return null;
}
