/** The CDN in front of the image storage: what it has cached still loads, so it hides part of an outage behind it. */
import { request } from 'undici';
import { refuse, serve, type Service } from './serve.ts';

interface Cached {
  readonly body: Buffer;
  readonly contentType: string;
  readonly until: number;
}

/** Only good answers are cached, for `ttlMs`; without a fresh copy an origin that fails is a 502. */
export async function startCdn(origin: string, ttlMs: number): Promise<Service> {
  const cache = new Map<string, Cached>();
  return serve(async (_request, response, path) => {
    const known = cache.get(path);
    if (known && known.until > Date.now()) return answer(known, 'HIT');
    cache.delete(path);
    const fetched = await request(`${origin}${path}`, { headersTimeout: 3000, bodyTimeout: 3000 }).catch(() => null);
    if (!fetched) return refuse(response, 502, 'the image storage does not answer');
    const body = Buffer.from(await fetched.body.arrayBuffer());
    if (fetched.statusCode === 404) return refuse(response, 404, 'no such image');
    if (fetched.statusCode !== 200) return refuse(response, 502, `the image storage answers ${fetched.statusCode}`);
    const fresh = { body, contentType: String(fetched.headers['content-type']), until: Date.now() + ttlMs };
    cache.set(path, fresh);
    answer(fresh, 'MISS');

    function answer(image: Cached, cacheState: 'HIT' | 'MISS'): void {
      response.writeHead(200, { 'content-type': image.contentType, 'x-cache': cacheState }).end(image.body);
    }
  });
}
