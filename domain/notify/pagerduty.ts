/** A notice as events of PagerDuty's Events API v2. */
import { shorten } from '../markdown.ts';
import { endsMatter, matterOf, type Severity } from './notice.ts';
import { actionsOf, factsOf, leadOf, type Telling, titleOf } from './telling.ts';

export interface PagerDutyEvent {
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve';
  readonly dedup_key: string;
  readonly payload?: {
    readonly summary: string;
    readonly source: string;
    readonly severity: Severity;
    readonly timestamp: string;
    readonly component: string;
    readonly group: string;
    readonly class: string;
    readonly custom_details: Readonly<Record<string, unknown>>;
  };
  readonly client?: string;
  readonly client_url?: string;
  readonly links?: readonly { readonly href: string; readonly text: string }[];
}

// PagerDuty's own limits.
const longestSummary = 1024;
const longestKey = 255;

/** In the order in which they are to be sent. */
export function pagerDutyEvents(telling: Telling): readonly PagerDutyEvent[] {
  const dedup_key = shorten(matterOf(telling.notice), longestKey);
  if (telling.act === 'acknowledged') return [{ event_action: 'acknowledge', dedup_key }];
  if (telling.act === 'over' || endsMatter(telling.notice)) return [{ event_action: 'resolve', dedup_key }];
  const trigger = triggerOf(telling, dedup_key);
  return telling.notice.kind === 'test' ? [trigger, { event_action: 'resolve', dedup_key }] : [trigger];
}

function triggerOf(telling: Telling, dedup_key: string): PagerDutyEvent {
  const { notice, link } = telling;
  return {
    event_action: 'trigger',
    dedup_key,
    payload: {
      summary: shorten(`${titleOf(telling)}: ${leadOf(telling)}`, longestSummary),
      source: notice.target,
      severity: notice.severity,
      timestamp: new Date(notice.at).toISOString(),
      component: notice.target,
      group: notice.changeId ?? notice.target,
      class: notice.kind,
      custom_details: {
        facts: factsOf(telling),
        actions: actionsOf(telling),
        dependents: notice.dependents.slice(0, 50),
        change: notice.changeId,
        workflow: notice.workflowId,
        key: notice.key,
      },
    },
    client: 'Knowngood',
    ...(link === null ? {} : { client_url: link, links: [{ href: link, text: 'Temporal Web UI' }] }),
  };
}
