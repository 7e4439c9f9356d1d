/** One comment on a pull request that is written once and then kept current, through GitHub's REST API. */
import { EnvHttpProxyAgent, type Dispatcher, fetch } from 'undici';
import { z } from 'zod';
import { stop } from '../stop.ts';
import { isThisMachine } from '../this-machine.ts';

export interface Place {
  /** `https://api.github.com`, or that of a GitHub Enterprise Server. */
  readonly api: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly pullRequest: number;
  readonly token: string;
  /** Whose comment may be replaced: a marker in somebody else's is theirs. */
  readonly author: string;
}

const timeoutMs = 20_000;
const mostBytes = 8 * 1024 * 1024;
const perPage = 100;
/** A pull request with more comments than this gets a new one. */
const mostPages = 30;
/** What GitHub takes. */
const longestBody = 65_536;

const commentsShape = z.array(
  z.looseObject({ id: z.number(), body: z.string().nullish(), user: z.looseObject({ login: z.string() }).nullish() }),
);
const writtenShape = z.looseObject({ html_url: z.string() });

/** The address of the comment. `key` tells several of one pull request apart. */
export async function comment(place: Place, key: string, markdown: string): Promise<string> {
  const marker = `<!-- knowngood:${key} -->`;
  const body = fitted(`${marker}\n${withoutMentions(markdown)}`);
  const dispatcher = new EnvHttpProxyAgent();
  try {
    const ask = asking(place, dispatcher);
    const earlier = await find(ask, place, marker);
    const path = `/repos/${place.repository}/issues`;
    const written =
      earlier === null
        ? await ask('POST', `${path}/${place.pullRequest}/comments`, { body })
        : await ask('PATCH', `${path}/comments/${earlier}`, { body });
    return writtenShape.parse(written).html_url;
  } finally {
    await dispatcher.destroy();
  }
}

type Ask = (method: string, path: string, body?: object) => Promise<unknown>;

async function find(ask: Ask, { repository, pullRequest, author }: Place, marker: string): Promise<number | null> {
  for (let page = 1; page <= mostPages; page += 1) {
    const path = `/repos/${repository}/issues/${pullRequest}/comments?per_page=${perPage}&page=${page}`;
    const comments = commentsShape.parse(await ask('GET', path));
    const own = comments.find(({ body, user }) => user?.login === author && body?.startsWith(marker));
    if (own !== undefined) return own.id;
    if (comments.length < perPage) return null;
  }
  return null;
}

function asking({ api, token }: Place, dispatcher: Dispatcher): Ask {
  const base = apiAddress(api);
  return async (method, path, body) => {
    const response = await fetch(`${base}${path}`, {
      method,
      dispatcher,
      // The token is for this host alone.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
        'user-agent': 'knowngood',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: Error) => {
      throw unsaid(error.cause instanceof Error ? error.cause.message : error.message);
    });
    const text = await bounded(response.body);
    if (!response.ok) throw unsaid(`${method} ${path.split('?')[0]} answered ${response.status}`, response.status);
    return JSON.parse(text) as unknown;
  };
}

function apiAddress(api: string): string {
  const url = URL.canParse(api) ? new URL(api) : null;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isThisMachine(url.hostname));
  if (url === null || !safe) throw unsaid('GITHUB_API_URL is not an https address');
  return url.href.replace(/\/$/, '');
}

async function bounded(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > mostBytes) throw unsaid(`the answer is larger than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unsaid(detail: string, status?: number): Error {
  return stop({
    code: 'no-comment',
    message: 'the comment could not be written',
    detail,
    ...(status === 403 || status === 404
      ? { hint: 'The job needs "permissions: pull-requests: write"; the token of a pull request from a fork has none.' }
      : {}),
  });
}

/** A plan names nobody: an address in a warning must not call people. In code nothing is a mention. */
export function withoutMentions(markdown: string): string {
  return markdown.replace(/\\.|(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)|@/g, (part) => (part === '@' ? '@<!-- -->' : part));
}

function fitted(body: string): string {
  if (body.length <= longestBody) return body;
  const note = '\n\n*The diff is too long for a comment: it is in the summary of the job.*';
  const [start = ''] = body.split('\n\n<details>');
  return start.length + note.length <= longestBody
    ? start + note
    : `${start.slice(0, longestBody - note.length)}${note}`;
}
