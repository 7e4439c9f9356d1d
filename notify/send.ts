/** One try at one channel of any kind; never throws, and what it says holds no secret. */
import type { ChannelConfig } from '../domain/notify/config.ts';
import type { Telling } from '../domain/notify/telling.ts';
import { type Answer, failed } from './answer.ts';
import { sendByMail } from './email.ts';
import { sendToPagerDuty } from './pagerduty.ts';
import type { Sending } from './sending.ts';
import { sendToSlack } from './slack.ts';
import { sendToWebhook } from './webhook.ts';

export async function send(channel: ChannelConfig, telling: Telling, sending: Sending): Promise<Answer> {
  const secrets: string[] = [];
  const resolveSecret = async (text: string): Promise<string> => {
    const resolved = await sending.resolveSecret(text);
    if (resolved !== text) secrets.push(...partsOf(resolved));
    return resolved;
  };
  let answer: Answer;
  try {
    answer = await byKind(channel, telling, { ...sending, resolveSecret });
  } catch (error) {
    // A reference that cannot be resolved, an address that is none: mended by a person, perhaps between two tries.
    answer = failed(error instanceof Error ? error.message : String(error), true);
  }
  return without(secrets, answer);
}

function byKind(channel: ChannelConfig, telling: Telling, sending: Sending): Promise<Answer> {
  switch (channel.kind) {
    case 'slack':
      return sendToSlack(channel, telling, sending);
    case 'pagerduty':
      return sendToPagerDuty(channel, telling, sending);
    case 'email':
      return sendByMail(channel, telling, sending);
    case 'webhook':
      return sendToWebhook(channel, telling, sending);
    default:
      return channel satisfies never;
  }
}

/** An answer may echo the request, or only the end of its address, where the secret stands. */
function partsOf(secret: string): readonly string[] {
  return [secret, ...secret.split(/[\s/?&=]+/).filter((part) => part.length >= 8)].filter((part) => part.length >= 4);
}

function without(secrets: readonly string[], answer: Answer): Answer {
  const clean = (text: string): string => secrets.reduce((words, secret) => words.replaceAll(secret, '…'), text);
  return answer.kind === 'delivered' ? { ...answer, said: clean(answer.said) } : { ...answer, why: clean(answer.why) };
}
