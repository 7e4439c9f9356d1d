/** Check kind `http`: one request on a new connection, as a client without a cache would make it. Redirects are not followed. */
import { Client } from 'undici';
import type { HttpCheck } from '../domain/check.ts';
import { failedWith, passed, probeError, type Measured } from './measured.ts';
import { fromNetworkError } from './network-error.ts';

export type ResolveSecret = (reference: string) => Promise<string>;

/** Enough to find a word in a page; a check must not become a load. */
const mostBodyBytes = 1_048_576;

export async function measureHttp(check: HttpCheck, resolveSecret: ResolveSecret): Promise<Measured> {
  const headers: Record<string, string> = {};
  try {
    for (const [name, value] of Object.entries(check.headers)) headers[name] = await resolveSecret(value);
  } catch (error) {
    return probeError('secret', error instanceof Error ? error.message : 'a header could not be resolved');
  }
  const url = new URL(check.url);
  const client = new Client(url.origin, { pipelining: 0, connect: { timeout: check.timeoutMs } });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), check.timeoutMs);
  try {
    const response = await client.request({
      path: `${url.pathname}${url.search}`,
      method: check.method,
      headers,
      signal: late.signal,
      reset: true,
    });
    const status = response.statusCode;
    if (!check.status.includes(status))
      return failedWith('http', String(status), `expected status ${check.status.join(' or ')}, got ${status}`);
    const type = String(response.headers['content-type'] ?? '');
    if (check.contentType !== null && !matchesType(type, check.contentType))
      return failedWith('http', String(status), `expected content type ${check.contentType}, got ${type || 'none'}`);
    if (check.method === 'GET') {
      // Read to its end: a body that breaks off is a failure of the dependent.
      const text = await beginning(response.body, check.bodyIncludes !== null);
      if (check.bodyIncludes !== null && !text.includes(check.bodyIncludes))
        return failedWith('http', String(status), `the body does not include ${JSON.stringify(check.bodyIncludes)}`);
    }
    return passed;
  } catch (error) {
    if (late.signal.aborted) return failedWith('timeout', null, `no whole answer within ${check.timeoutMs} ms`);
    return fromNetworkError(error);
  } finally {
    clearTimeout(timer);
    await client.destroy();
  }
}

async function beginning(body: AsyncIterable<Uint8Array>, keep: boolean): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    if (keep) chunks.push(chunk);
    sizeBytes += chunk.byteLength;
    if (sizeBytes >= mostBodyBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `image/*` fits any image; parameters such as a charset do not matter. */
function matchesType(actual: string, wanted: string): boolean {
  const type = actual.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const pattern = wanted.trim().toLowerCase();
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}
