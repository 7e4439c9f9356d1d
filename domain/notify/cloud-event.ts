/** A notice as a CloudEvent 1.0: its attributes and data, as the webhook sends them. */
import { messageKey, type Telling } from './telling.ts';

export interface CloudEventParts {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: Readonly<Record<string, unknown>>;
}

export function cloudEventOf(telling: Telling): CloudEventParts {
  const { act, notice, by, because, link } = telling;
  const { kind, severity, target, changeId, headline, facts, actions, dependents, workflowId, runId, key } = notice;
  return {
    id: messageKey(telling),
    type: typeOf(telling),
    // A test speaks of no target, in words that no URN may hold.
    source: `urn:knowngood:target:${encodeURIComponent(target)}`,
    subject: changeId ?? target,
    time: new Date(notice.at).toISOString(),
    datacontenttype: 'application/json',
    data: {
      version: 1,
      key,
      event: kind,
      severity,
      target,
      changeId,
      headline,
      facts,
      actions,
      dependents,
      workflowId,
      runId,
      link,
      ...(because.length === 0 ? {} : { because }),
      ...(act === 'tell' ? {} : { [act]: by }),
    },
  };
}

/** `com.knowngood.change.reverted`, `com.knowngood.target.drift`, `com.knowngood.notice.acknowledged`. */
function typeOf({ act, notice: { kind, changeId } }: Telling): string {
  if (act !== 'tell') return `com.knowngood.notice.${act}`;
  if (kind === 'test') return 'com.knowngood.test';
  return `com.knowngood.${changeId === null ? 'target' : 'change'}.${kind}`;
}
