/**
 * Channel kind `pagerduty`: Events API v2, and whether somebody has acknowledged, from the REST API. Without PagerDuty's own
 * library, which cannot be given a way out (docs/decisions/0015).
 */
import { request } from 'undici';
import { shorten } from '../domain/markdown.ts';
import type { PagerDutyChannel } from '../domain/notify/config.ts';
import { matterOf, type Notice } from '../domain/notify/notice.ts';
import { pagerDutyEvents } from '../domain/notify/pagerduty.ts';
import type { Telling } from '../domain/notify/telling.ts';
import { type Answer, delivered } from './answer.ts';
import { post } from './http.ts';
import type { Sending } from './sending.ts';

export async function sendToPagerDuty(
  { routingKey, eventsAddress }: PagerDutyChannel,
  telling: Telling,
  { egress, resolveSecret }: Sending,
): Promise<Answer> {
  const routing_key = await resolveSecret(routingKey);
  let answer = delivered('nothing to send');
  for (const event of pagerDutyEvents(telling)) {
    answer = await post(egress, {
      url: `${eventsAddress}/v2/enqueue`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ routing_key, ...event }),
    });
    if (answer.kind === 'failed') return answer;
  }
  return answer;
}

/**
 * Who has acknowledged (or resolved) the incident there; null: nobody yet, or it could not be asked. A matter that is told day
 * after day has had incidents before: one that was resolved before `toldAt`, Unix ms, is not the one that rings.
 */
export async function acknowledgedThere(
  { apiToken, apiAddress }: PagerDutyChannel,
  notice: Notice,
  toldAt: number,
  { egress, resolveSecret }: Sending,
): Promise<string | null> {
  if (apiToken === null) return null;
  const query = new URLSearchParams({
    incident_key: shorten(matterOf(notice), 255),
    date_range: 'all',
    sort_by: 'created_at:desc',
    limit: '1',
  });
  const response = await request(`${apiAddress}/incidents?${query.toString()}`, {
    headers: {
      accept: 'application/vnd.pagerduty+json;version=2',
      authorization: `Token token=${await resolveSecret(apiToken)}`,
    },
    dispatcher: egress.dispatcher,
    signal: AbortSignal.timeout(egress.timeoutMs),
  });
  if (response.statusCode !== 200) {
    await response.body.dump();
    return null;
  }
  const { incidents = [] } = (await response.body.json()) as { readonly incidents?: readonly Incident[] };
  const [taken] = incidents;
  if (taken === undefined || !isTaken(taken, toldAt)) return null;
  const who = taken.acknowledgements?.at(-1)?.acknowledger?.summary ?? taken.last_status_change_by?.summary;
  return who === undefined ? 'somebody in PagerDuty' : `${who} (in PagerDuty)`;
}

function isTaken({ status, last_status_change_at: changedAt }: Incident, toldAt: number): boolean {
  if (status === 'acknowledged') return true;
  return status === 'resolved' && (changedAt === undefined || !(Date.parse(changedAt) < toldAt));
}

interface Incident {
  readonly status?: string;
  readonly last_status_change_at?: string;
  readonly acknowledgements?: readonly { readonly acknowledger?: { readonly summary?: string } }[];
  readonly last_status_change_by?: { readonly summary?: string };
}
