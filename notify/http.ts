/** One POST of JSON through the egress, and what its answer means for another try. */
import { request } from 'undici';
import { oneLine, shorten } from '../domain/markdown.ts';
import { type Answer, delivered, failed, Refused } from './answer.ts';
import type { Egress } from './egress.ts';

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Of an answer; what is longer says no more. */
const mostBytes = 16_384;

export async function post({ timeoutMs, dispatcher }: Egress, { url, headers, body }: Post): Promise<Answer> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    const response = await request(url, { method: 'POST', headers, body, dispatcher, signal: late.signal });
    const text = await beginning(response.body);
    return answerOf(response.statusCode, text, response.headers['retry-after']);
  } catch (error) {
    return late.signal.aborted ? failed(`no answer within ${timeoutMs} ms`, true) : fromError(error);
  } finally {
    clearTimeout(timer);
  }
}

export function answerOf(status: number, text: string, retryAfter: string | string[] | null | undefined): Answer {
  if (status >= 200 && status < 300) return delivered(`${status}${said(text)}`);
  if (status >= 300 && status < 400)
    return failed(`answered ${status}, a redirect: none is followed, so configure where it leads`, false);
  // Too early, and what says "later" itself.
  const again = status >= 500 || [408, 425, 429].includes(status);
  return failed(`answered ${status}${said(text)}`, again, retryAfterMs([retryAfter].flat()[0] ?? null));
}

/** Seconds, or a date. */
export function retryAfterMs(value: string | null, now = Date.now()): number | null {
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** Errors of undici may name the address, which may be the secret: only their kind is told. */
export function fromError(error: unknown): Answer {
  const cause = refusalIn(error);
  if (cause !== null) return failed(cause.message, false);
  const { code, cause: inner } = error as { readonly code?: string; readonly cause?: { readonly code?: string } };
  const { name: kind = 'unknown error' } = error as { readonly name?: string };
  const name = inner?.code ?? code ?? kind;
  return failed(`could not be reached: ${shorten(oneLine(String(name)), 60)}`, name !== 'ERR_INVALID_URL');
}

function refusalIn(error: unknown): Refused | null {
  for (let one = error; typeof one === 'object' && one !== null; one = (one as { readonly cause?: unknown }).cause) {
    if (one instanceof Refused) return one;
    const { errors } = one as { readonly errors?: readonly unknown[] };
    const inner = errors?.find((each) => each instanceof Refused);
    if (inner instanceof Refused) return inner;
  }
  return null;
}

function said(text: string): string {
  const line = shorten(oneLine(text), 120);
  return line === '' ? '' : `: ${line}`;
}

export async function beginning(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= mostBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
