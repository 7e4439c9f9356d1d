/** Which items of a change explain a failing check, and that nothing is claimed where none does. */
import { describe, expect, it } from '@jest/globals';
import { attribute } from '../../domain/access/attribution.ts';
import type { AccessChange } from '../../domain/access/impact.ts';
import type { CheckSpec, Sample, SampleClass } from '../../domain/check.ts';
import type { PlanItem, PlanSummary } from '../../domain/plan.ts';

const common = {
  dependent: 'image-service',
  team: null,
  level: 'required',
  intervalMs: 1_000,
  timeoutMs: 1_000,
  thresholds: { failures: 3, errors: 5, successes: 3 },
  location: 'default',
} as const;
const login: CheckSpec = {
  ...common,
  name: 'image-service/login',
  kind: 'sql',
  host: 'db',
  port: 5432,
  database: 'shop',
  user: 'image_svc',
  password: null,
  query: 'select 1',
  sslmode: 'disable',
  sslrootcert: null,
  sourceAddress: '10.2.0.7',
};
const page: CheckSpec = {
  ...common,
  name: 'image-service/images',
  kind: 'http',
  url: 'http://shop/1',
  method: 'GET',
  status: [200],
  contentType: null,
  bodyIncludes: null,
  headers: {},
};
const failing = (check: CheckSpec, kind: SampleClass, code: string | null) => ({
  check,
  sample: { check: check.name, at: 1, latencyMs: 1, mark: 'fail', class: kind, code, message: null } satisfies Sample,
});
const item = (key: string, section: PlanItem['section'], summary: string): PlanItem => {
  return { key, section, action: 'set', effect: 'reload', summary };
};
const items = [
  item('file:/etc/pg_hba.conf', 'files', 'pg_hba.conf: replace'),
  item('setting:max_connections', 'settings', 'max_connections: 100 → 10'),
  item('setting:work_mem', 'settings', 'work_mem: 4MB → 8MB'),
  item('role:image_svc', 'roles', 'role image_svc: limit none → 1'),
  item('role:other', 'roles', 'role other: login on → off'),
  item('object:shop:table:public.images', 'catalogs', 'table public.images: reader=r gone'),
  item('setting:listen_addresses', 'settings', 'listen_addresses: * → localhost'),
];
const lost: AccessChange = {
  user: 'image_svc',
  database: 'shop',
  from: '10.2.0.7',
  tls: false,
  source: 'declared',
  who: ['image-service'],
  verdict: 'lost',
  example: '10.2.0.7',
  before: { kind: 'allowed', where: { file: '/etc/pg_hba.conf', line: 14 } },
  after: { kind: 'denied', why: 'the rule rejects', sqlState: '28000', where: null },
  because: ['the rule host shop image_svc 10.2.0.7/32 md5 (pg_hba.conf:14) is gone', 'the rule rejects'],
};
const plan = (access: readonly AccessChange[] = []): PlanSummary => ({
  hash: 'h',
  items,
  moreItems: 0,
  effect: 'reload',
  risk: 'high',
  diff: '',
  warnings: [],
  access: { lost: access, gained: [], unknown: [], unchanged: 0, widened: [], more: 0 },
});

it('a lost principal explains its own check and that of its service, once', () => {
  const found = attribute(
    [failing(login, 'access', '28000'), failing(page, 'http', '500')],
    plan([lost, { ...lost, source: 'check' }, { ...lost, user: 'other', who: ['billing'] }]),
  );
  expect(found).toEqual([
    {
      checks: ['image-service/login', 'image-service/images'],
      sentences: [
        'image_svc to shop from 10.2.0.7 (image-service) lost access; the rule host shop image_svc 10.2.0.7/32 md5 (pg_hba.conf:14) is gone; the rule rejects',
      ],
      items: ['file:/etc/pg_hba.conf'],
    },
  ]);
});

describe('the items are those of the step at which it is stopped', () => {
  const denied = (why: string, sqlState: string | null): Partial<AccessChange> => ({
    after: { kind: 'denied', why, sqlState, where: null },
    because: [why],
  });
  it.each<readonly [string, Partial<AccessChange>, readonly string[]]>([
    ['the address', denied('the server listens on localhost', null), ['setting:listen_addresses']],
    ['the role', denied('role image_svc is not permitted to log in', '28000'), ['role:image_svc']],
    [
      'a privilege',
      { need: 'select on public.images', ...denied('image_svc has no SELECT', '42501') },
      ['role:image_svc', 'object:shop:table:public.images'],
    ],
  ])('%s', (_, bend, keys) => {
    const [found] = attribute([failing(login, 'access', '28000')], plan([{ ...lost, ...bend }]));
    expect(found?.items).toEqual(keys);
  });
});

describe('without a lost principal, the SQLSTATE names what fits', () => {
  it.each([
    ['limits', '53300', ['setting:max_connections', 'role:image_svc']],
    ['privilege', '42501', ['role:image_svc']],
    ['refused', 'ECONNREFUSED', ['setting:listen_addresses']],
    ['access', '28P01', ['role:image_svc']],
  ] as const)('%s', (kind, code, keys) => {
    const [found] = attribute([failing(login, kind, code)], plan());
    expect(found?.items).toEqual(keys);
    expect(found?.sentences[0]).toContain(code);
  });

  it('and where none fits, nothing is claimed', () => {
    expect(attribute([failing(page, 'http', '500')], plan())).toEqual([]);
    expect(attribute([failing(login, 'query', '42P01')], plan())).toEqual([]);
    expect(attribute([], plan([lost]))).toEqual([]);
  });
});
