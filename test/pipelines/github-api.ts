/**
 * What GitHub's REST API does for comments of a pull request, on a real port. Its limits: one repository, one token that may
 * write, no rate limits, no organisation's rules; comments are listed oldest first, at most 100 a page, as there.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StandIn {
  readonly address: string;
  readonly token: string;
  readonly comments: { id: number; body: string; login: string }[];
  readonly requests: { readonly method: string; readonly authorization: string }[];
  stop(): Promise<void>;
}

const longestBody = 65_536;

export async function startGithub(): Promise<StandIn> {
  const token = 'ghs_of-this-job';
  const comments: StandIn['comments'] = [];
  const requests: { method: string; authorization: string }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += String(chunk)));
    request.on('end', () => {
      const { method = '', headers, url = '' } = request;
      const answer = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      if (headers.authorization !== `Bearer ${token}`) return answer(403, { message: 'Resource not accessible' });
      requests.push({ method, authorization: headers.authorization });
      const shown = ({ id, body, login }: StandIn['comments'][number]): object => ({
        id,
        body,
        user: { login },
        html_url: `https://github.example/shop/infrastructure/pull/7#issuecomment-${id}`,
      });
      const { pathname, searchParams } = new URL(url, 'http://x');
      const sent = method === 'GET' ? '' : (JSON.parse(text) as { body: string }).body;
      if (sent.length > longestBody) return answer(422, { message: 'body is too long' });
      if (pathname === '/repos/shop/infrastructure/issues/7/comments') {
        if (method === 'POST') {
          const made = { id: comments.length + 1, body: sent, login: 'github-actions[bot]' };
          comments.push(made);
          return answer(201, shown(made));
        }
        const size = Math.min(Number(searchParams.get('per_page') ?? 30), 100);
        const from = (Number(searchParams.get('page') ?? 1) - 1) * size;
        return answer(200, comments.slice(from, from + size).map(shown));
      }
      const [, id] = /^\/repos\/shop\/infrastructure\/issues\/comments\/(\d+)$/.exec(pathname) ?? [];
      const found = comments.find((one) => String(one.id) === id);
      if (method !== 'PATCH' || found === undefined) return answer(404, { message: 'Not Found' });
      found.body = sent;
      return answer(200, shown(found));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    comments,
    requests,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
