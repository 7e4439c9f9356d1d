/** The teams of the shop, on their phones: what Slack and PagerDuty would have been sent comes here. */
import { json } from 'node:stream/consumers';
import { serve } from './shop/serve.ts';

export interface Heard {
  /** Unix ms. */
  readonly at: number;
  readonly by: 'slack' | 'pagerduty';
  readonly team: string;
  /** The message as a phone would show it. */
  readonly text: string;
}

export interface People {
  readonly url: string;
  /** Oldest first. */
  heard(): readonly Heard[];
  close(): Promise<void>;
}

interface Message {
  readonly text?: string;
  readonly event_action?: string;
  readonly payload?: { readonly summary?: string };
}

/** `/slack/<team>` is an incoming webhook; `/v2/enqueue` the Events API of PagerDuty, which has one team's key here. */
export async function startPeople(onPager: string): Promise<People> {
  const heard: Heard[] = [];
  const service = await serve(async (request, response, path) => {
    const { text = '', event_action: action = '', payload } = (await json(request)) as Message;
    const [, by = '', team = ''] = path.split('/');
    const at = Date.now();
    if (by === 'slack') {
      heard.push({ at, by, team, text: withoutMarks(text) });
      response.end('ok');
      return;
    }
    heard.push({ at, by: 'pagerduty', team: onPager, text: `${action}${payload ? `: ${payload.summary ?? ''}` : ''}` });
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"success"}');
  });
  return { url: service.url, heard: () => [...heard], close: service.close };
}

/** Slack escapes three characters; word joiners take the power of the others. */
function withoutMarks(text: string): string {
  return text.replaceAll('\u2060', '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
