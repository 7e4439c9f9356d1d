/** A whole outage as a report gets it: an upgrade denies the image service, and is reverted. */
import type { CheckProgress, CheckSpec, Sample } from '../../domain/check.ts';
import type { RecordedDecision } from '../../domain/decision.ts';
import type { PlanSummary } from '../../domain/plan.ts';
import type { ReportInput } from '../../domain/report/input.ts';
import { aResult, anAdmittedChange } from '../store/builders.ts';

/** 10:00:00 UTC. */
export const start = Date.UTC(2026, 2, 1, 10);
export const armedAt = start + 6_200;
export const appliedAt = start + 8_900;
export const firstFailureAt = start + 9_600;
export const decidedAt = start + 10_640;
export const restoredAt = start + 13_480;
export const recoveredAt = start + 15_300;
export const closedAt = start + 16_100;

export const denial = 'no pg_hba.conf entry for host "127.0.2.1", user "image_svc", database "shop", no encryption';

const common = {
  level: 'required',
  intervalMs: 1_000,
  timeoutMs: 5_000,
  thresholds: { failures: 3, errors: 5, successes: 3 },
  location: 'default',
} as const;

const http = {
  kind: 'http',
  method: 'GET',
  status: [200],
  contentType: null,
  bodyIncludes: null,
  headers: {},
} as const;

export const checks: readonly CheckSpec[] = [
  {
    ...common,
    kind: 'sql',
    name: 'image-service/login',
    dependent: 'image-service',
    team: 'application',
    host: '127.0.0.1',
    port: 5432,
    database: 'shop',
    user: 'image_svc',
    password: '${env:IMAGE_SVC_PASSWORD}',
    query: 'select 1',
    sslmode: 'disable',
    sslrootcert: null,
    sourceAddress: '127.0.2.1',
  },
  {
    ...common,
    ...http,
    name: 'image-service/images',
    dependent: 'image-service',
    team: 'application',
    url: 'http://probe:hunter2@shop.example/img/1.webp?token=hunter3',
  },
  {
    ...common,
    ...http,
    name: 'shop-app/pages',
    dependent: 'shop-app',
    team: 'application',
    url: 'http://shop.example/',
  },
];

export const plan: PlanSummary = {
  hash: 'ab'.repeat(32),
  items: [
    {
      key: 'file:/etc/postgresql/pg_hba.conf',
      section: 'files',
      action: 'write',
      effect: 'reconnect',
      summary: '/etc/postgresql/pg_hba.conf: 1 line removed',
    },
    {
      key: 'setting:max_connections',
      section: 'settings',
      action: 'reset',
      effect: 'restart',
      summary: 'max_connections: 200 → 100 (default)',
    },
  ],
  moreItems: 0,
  effect: 'restart',
  risk: 'high',
  diff: `--- /etc/postgresql/pg_hba.conf
+++ /etc/postgresql/pg_hba.conf
@@ -1,4 +1,3 @@
 local   all   postgres                      peer
 host    shop  shop_app   127.0.1.1/32      scram-sha-256
-host    shop  image_svc  127.0.2.1/32      scram-sha-256
+# rules of the new version
 host    all   all        ::1/128           scram-sha-256
`,
  warnings: [],
};

/** Every second from `from`, a little after the full one. */
function series(check: string, at: (ms: number) => Partial<Sample>): readonly Sample[] {
  return Array.from({ length: 15 }, (_, index) => {
    const ms = 600 + index * 1_000;
    return {
      check,
      at: start + ms,
      latencyMs: 3,
      mark: 'pass',
      class: null,
      code: null,
      message: null,
      ...at(ms),
    } as const;
  });
}

const inForce = (ms: number): boolean => start + ms >= firstFailureAt && start + ms < restoredAt;

export const samples: readonly Sample[] = [
  ...series('image-service/login', (ms) =>
    inForce(ms)
      ? { mark: 'fail', class: 'access', code: '28000', message: denial, latencyMs: 2.1 }
      : { latencyMs: 3 + (ms % 7) / 2 },
  ),
  ...series('image-service/images', (ms) =>
    inForce(ms) && ms > 10_000
      ? { mark: 'fail', class: 'http', code: '503', message: 'status 503, not 200', latencyMs: 41 }
      : start + ms > armedAt && start + ms < appliedAt
        ? { mark: 'fail', class: 'refused', code: 'ECONNREFUSED', message: 'refused', forgiven: true, latencyMs: 1 }
        : { latencyMs: 12 + (ms % 13) },
  ),
  ...series('shop-app/pages', (ms) => ({ latencyMs: 20 + (ms % 17) })),
];

export function anOutage(bent: Partial<ReportInput> = {}): ReportInput {
  const timeline = [
    { at: start, phase: 'snapshot', text: 'taking the snapshot' },
    { at: start + 700, phase: 'baseline', text: 'measuring three checks before the change' },
    { at: armedAt, phase: 'arm', text: 'journal and lease armed on the target' },
    { at: armedAt + 100, phase: 'apply', text: 'the agent runs its command upgrade' },
    { at: appliedAt, phase: 'watch', text: 'applied with a restart; watching for 10 min' },
    { at: decidedAt, phase: 'revert', text: `decided to revert: image-service/login: ${denial}` },
    { at: restoredAt, phase: 'verify', text: 'restored and proven on a new connection' },
    { at: recoveredAt, phase: 'report', text: 'all checks pass again' },
  ] as const;
  return {
    change: anAdmittedChange({
      changeId: 'upgrade-17',
      requestedBy: 'anna',
      reason: 'scheduled upgrade of the database server',
      changeKind: 'command',
      what: 'upgrade',
      checks,
      notes: ['soak 2 min instead of 10 min'],
    }),
    workflowId: 'knowngood:shop-db:upgrade-17',
    runId: '0198c0de-0000-7000-8000-000000000000',
    result: aResult({
      changeId: 'upgrade-17',
      summary: 'reverted: image-service/login was denied access two times in a row',
      moments: {
        started: start,
        armed: armedAt,
        applied: appliedAt,
        firstFailure: firstFailureAt,
        decided: decidedAt,
        restored: restoredAt,
        recovered: recoveredAt,
        closed: closedAt,
      },
      timeline,
    }),
    plan,
    details: {
      baseline: [],
      watch: [],
      recovery: [aProgress({ check: 'image-service/login' })],
      approvals: [{ who: 'bob', claim: 'bob@example.org', why: 'read the diff', at: start + 5_000 }],
      proof: ['pg_hba: witness image_svc@shop from 127.0.2.1 answers sasl as before', 'snapshot equals the one before'],
      reverted: plan.items.map((item) => ({ ...item, decision: 'restore' })),
    },
    samples,
    ...bent,
  };
}

/** With all that an agent and an operator can add to it. */
export function aTalkingOutage(bent: Partial<ReportInput> = {}): ReportInput {
  const outage = anOutage({ compareWith: 'april-12' });
  const { result, details } = outage;
  return {
    ...outage,
    result: {
      ...result,
      attribution: [
        {
          checks: ['image-service/login'],
          sentences: [
            'image_svc to shop from 127.0.2.1 lost access; line 3 of pg_hba.conf let it in and is gone; no line matches now',
          ],
          items: ['file:/etc/postgresql/pg_hba.conf'],
        },
      ],
      timeline: [
        ...result.timeline,
        { at: start + 4_000, phase: 'approve', text: 'deadline moved by 600 s: bob is late' },
      ],
    },
    details: { ...details, decisions, log: { lines: logLines, more: 0, others: 2, unread: '' } },
    ...bent,
  };
}

const decisions: readonly RecordedDecision[] = [
  {
    at: start + 3_000,
    word: 'approve',
    who: 'anna',
    why: 'it is urgent',
    claim: 'anna@example.org',
    refused: 'anna requested this change and cannot approve it',
  },
  { at: start + 4_000, word: 'extend', who: '', why: 'bob is late', extendedMs: 600_000 },
  {
    at: start + 5_000,
    word: 'approve',
    who: 'bob',
    why: 'read the diff',
    claim: 'bob@example.org',
    key: 'SHA256:Jm7nZ0aC1xYy8qkq0WcR3m5o9uE2vTt4bLhPz6sDfGk',
  },
  { at: decidedAt, word: 'revert', who: '', why: `image-service/login: ${denial}`, reason: 'check-failed' },
];

const logLines = [
  [armedAt + 900, 'LOG', 'received fast shutdown request'],
  [armedAt + 1_400, 'LOG', 'database system is shut down'],
  [armedAt + 2_500, 'LOG', 'database system is ready to accept connections'],
  [firstFailureAt + 2, 'FATAL', denial],
  [decidedAt + 40, 'LOG', 'received SIGHUP, reloading configuration files'],
  [restoredAt - 90, 'LOG', 'database system is ready to accept connections'],
].map(([at, level, text]) => ({
  time: `${new Date(Number(at)).toISOString().slice(0, -1).replace('T', ' ')} UTC`,
  level: String(level),
  text: String(text),
  times: level === 'FATAL' ? 4 : 1,
}));

export function aProgress(bent: Partial<CheckProgress> = {}): CheckProgress {
  return {
    check: 'image-service/login',
    passes: 3,
    fails: 0,
    errors: 0,
    noData: 0,
    forgiven: 0,
    passesInARow: 3,
    failsInARow: 0,
    errorsInARow: 0,
    accessDenialsInARow: 0,
    firstAt: start,
    lastAt: start + 2_000,
    longestGapMs: 1_000,
    last: samples[0] ?? null,
    failingSince: null,
    ...bent,
  };
}
