/** Builders that bend one thing. */
import type { Notice } from '../../../domain/notify/notice.ts';
import type { NotifyPlan } from '../../../domain/notify/plan.ts';
import type { Telling } from '../../../domain/notify/telling.ts';

export function aNotice(bent: Partial<Notice> = {}): Notice {
  return {
    kind: 'reverting',
    key: 'shop-db:c-1:reverting:1',
    severity: 'warning',
    target: 'shop-db',
    changeId: 'c-1',
    workflowId: 'knowngood:shop-db:c-1',
    runId: 'run-1',
    at: Date.UTC(2024, 3, 12, 10, 15),
    headline: 'reverting change c-1 of shop-db: image-service/login failed 2 times',
    facts: ['image_svc lost access'],
    actions: [],
    dependents: ['image-service'],
    ...bent,
  };
}

export function aTelling(bent: Partial<Telling> = {}, notice: Partial<Notice> = {}): Telling {
  return {
    act: 'tell',
    notice: aNotice(notice),
    by: '',
    because: [],
    link: 'https://ui.shop.example/namespaces/default/workflows/knowngood:shop-db:c-1',
    ...bent,
  };
}

export function aPlan(bent: Partial<NotifyPlan> = {}): NotifyPlan {
  return {
    teams: [
      { name: 'application', channels: [{ name: 'application/slack', kind: 'slack' }] },
      {
        name: 'database',
        channels: [
          { name: 'database/slack', kind: 'slack' },
          { name: 'database/pagerduty', kind: 'pagerduty', severity: 'critical', acknowledges: true },
          { name: 'database/email', kind: 'email', events: ['kept'] },
        ],
      },
      { name: 'infrastructure', channels: [{ name: 'infrastructure/webhook', kind: 'webhook' }] },
      { name: 'search', channels: [{ name: 'search/slack', kind: 'slack' }] },
    ],
    dependents: [
      { name: 'image-service', team: 'application' },
      { name: 'search-service', team: 'search' },
    ],
    routes: null,
    escalation: [],
    repeatMs: 1_800_000,
    giveUpMs: 86_400_000,
    tries: 4,
    ...bent,
  };
}
