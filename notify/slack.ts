/** Channel kind `slack`: an incoming webhook. Slack knows no idempotency key, so a repeated try may be seen twice. */
import { IncomingWebhook, IncomingWebhookHTTPError } from '@slack/webhook';
import { fetch, Response } from 'undici';
import { oneLine, shorten } from '../domain/markdown.ts';
import { slackMessage } from '../domain/notify/slack.ts';
import type { SlackChannel } from '../domain/notify/config.ts';
import type { Telling } from '../domain/notify/telling.ts';
import { type Answer, delivered, failed } from './answer.ts';
import { answerOf, beginning, fromError } from './http.ts';
import type { Sending } from './sending.ts';

export async function sendToSlack({ url }: SlackChannel, telling: Telling, sending: Sending): Promise<Answer> {
  const { egress, resolveSecret } = sending;
  const address = await resolveSecret(url);
  let retryAfter: string | null = null;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), egress.timeoutMs);
  const webhook = new IncomingWebhook(address, {
    fetch: async (where, init) => {
      const response = await fetch(where, {
        method: 'POST',
        headers: init?.headers ?? {},
        body: init?.body as string,
        // Told apart from a network error: a redirect would take the message, and the secret path, somewhere else.
        redirect: 'manual',
        dispatcher: egress.dispatcher,
        signal: late.signal,
      });
      retryAfter = response.headers.get('retry-after');
      // Of a page that somebody answers with, its beginning is enough.
      const text = response.body === null ? '' : await beginning(response.body);
      return new Response(text === '' ? null : text, { status: response.status });
    },
  });
  try {
    const { text } = await webhook.send(slackMessage(telling) as Parameters<IncomingWebhook['send']>[0]);
    return delivered(shorten(oneLine(text), 120));
  } catch (error) {
    if (late.signal.aborted) return failed(`no answer within ${egress.timeoutMs} ms`, true);
    if (error instanceof IncomingWebhookHTTPError) return answerOf(error.statusCode, error.body ?? '', retryAfter);
    const original = error instanceof Error && 'original' in error ? error.original : error;
    return fromError(original);
  } finally {
    clearTimeout(timer);
  }
}
