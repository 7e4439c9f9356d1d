/** Channel kind `webhook`: a CloudEvent 1.0 in structured mode. */
import { CloudEvent, HTTP } from 'cloudevents';
import { cloudEventOf } from '../domain/notify/cloud-event.ts';
import type { WebhookChannel } from '../domain/notify/config.ts';
import type { Telling } from '../domain/notify/telling.ts';
import type { Answer } from './answer.ts';
import { post } from './http.ts';
import type { Sending } from './sending.ts';

export async function sendToWebhook(
  { name, url, headers: configured }: WebhookChannel,
  telling: Telling,
  { egress, resolveSecret }: Sending,
): Promise<Answer> {
  const address = await resolveSecret(url);
  const headers: Record<string, string> = {};
  for (const [header, value] of Object.entries(configured)) headers[header] = await resolveSecret(value);
  const event = new CloudEvent({ ...cloudEventOf(telling) });
  const message = HTTP.structured(event);
  return post(egress, {
    url: address,
    headers: {
      ...headers,
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'idempotency-key': `${event.id}:${name}`,
    },
    body: String(message.body),
  });
}
