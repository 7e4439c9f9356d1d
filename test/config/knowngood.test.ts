/** knowngood.yaml: what is filled in, and that every mistake is named with its place. */
import { describe, expect, it } from '@jest/globals';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';

const good = `
defaults:
  lease: 10m
  soak: 10m
  checks: { interval: 10s, timeout: 5s, failures: 3, errors: 5, successes: 3 }
targets:
  shop-db:
    connection: postgresql://knowngood@10.0.0.5:5433/postgres?sslmode=verify-full
    password: '\${env:SHOP_DB_PASSWORD}'
    policy: production
    soak: 5m
dependents:
  image-service:
    uses: shop-db
    team: application
    access:
      - { user: image_svc, database: shop, from: 10.2.0.0/16, tls: true, needs: [select on public.images, 'execute on function public.f(int, text)'] }
    checks:
      images:  { http: { url: https://shop.example/img/1.webp, status: 200, contentType: image/* }, level: required }
      login:   { sql: { as: image_svc, password: '\${file:/run/secrets/image_svc}', database: shop, query: select 1 from images limit 1, source: 127.0.2.1 }, level: required, interval: 1s }
      port:    { tcp: {}, level: advisory }
policies:
  production:
    approvals: { low: 0, high: 1, expire: 24h }
    onInconclusive: revert
    holdTimeout: 5m
    revertMayRestart: true
    soak: 7m
    lease: 3m
    checks: { failures: 2 }
teams:
  application: { notify: [{ slack: '\${env:SLACK_APP_TEAM}' }] }
store: { connection: postgresql://knowngood@store/knowngood }
`;

function parse(text: string) {
  const parsed = parseKnowngoodConfig(text, 'knowngood.yaml');
  if (parsed.kind === 'invalid') throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  return parsed.value;
}

it('names the channels of a team by what they are, not by their place', () => {
  const names = (notify: string): string[] =>
    parse(`${target('')}teams: { dba: { notify: [${notify}] } }`).notify.teams.flatMap(({ channels }) =>
      channels.map(({ name }) => name),
    );
  expect(names("{ slack: '${env:A}' }")).toEqual(['dba/slack']);
  const [a, b] = names("{ slack: '${env:A}' }, { slack: '${env:B}' }");
  expect(names("{ slack: '${env:B}' }, { slack: '${env:A}' }, { slack: '${env:C}' }").slice(0, 2)).toEqual([b, a]);
  const twice = names("{ slack: '${env:A}' }, { slack: '${env:A}', events: [kept] }");
  expect(twice).toEqual([a, `${a}-2`]);
});

function problems(text: string) {
  const parsed = parseKnowngoodConfig(text, 'knowngood.yaml');
  return parsed.kind === 'ok'
    ? []
    : parsed.problems.map(({ message, hint }) => (hint === undefined ? message : `${message} | ${hint}`));
}

const target = (more: string): string => `targets:\n  db:\n    connection: postgresql://u@h/d\n${more}`;

describe('a good file', () => {
  it('lays defaults, policy and target over each other, the later one winning', () => {
    const { policy, policyName } = parse(good).targets['shop-db']!;
    expect(policyName).toBe('production');
    expect(policy).toMatchObject({ soakMs: 300_000, leaseMs: 180_000, settleRestartMs: 60_000, settleReloadMs: 0 });
    expect(policy).toMatchObject({
      approvals: { low: 0, high: 1 },
      approvalExpireMs: 86_400_000,
      revertMayRestart: true,
    });
  });

  it('fills checks in from the target and the defaults', () => {
    expect(parse(good).dependents).toMatchInlineSnapshot(`
     [
       {
         "access": [
           {
             "database": "shop",
             "from": "10.2.0.0/16",
             "needs": [
               {
                 "on": {
                   "kind": "table",
                   "name": "public.images",
                 },
                 "privilege": "select",
               },
               {
                 "on": {
                   "kind": "routine",
                   "name": "public.f(integer, text)",
                 },
                 "privilege": "execute",
               },
             ],
             "tls": true,
             "user": "image_svc",
           },
         ],
         "checks": [
           {
             "bodyIncludes": null,
             "contentType": "image/*",
             "dependent": "image-service",
             "headers": {},
             "intervalMs": 10000,
             "kind": "http",
             "level": "required",
             "location": "default",
             "method": "GET",
             "name": "image-service/images",
             "status": [
               200,
             ],
             "team": "application",
             "thresholds": {
               "errors": 5,
               "failures": 2,
               "successes": 3,
             },
             "timeoutMs": 5000,
             "url": "https://shop.example/img/1.webp",
           },
           {
             "database": "shop",
             "dependent": "image-service",
             "host": "10.0.0.5",
             "intervalMs": 1000,
             "kind": "sql",
             "level": "required",
             "location": "default",
             "name": "image-service/login",
             "password": "\${file:/run/secrets/image_svc}",
             "port": 5433,
             "query": "select 1 from images limit 1",
             "sourceAddress": "127.0.2.1",
             "sslmode": "verify-full",
             "sslrootcert": null,
             "team": "application",
             "thresholds": {
               "errors": 5,
               "failures": 2,
               "successes": 3,
             },
             "timeoutMs": 5000,
             "user": "image_svc",
           },
           {
             "dependent": "image-service",
             "host": "10.0.0.5",
             "intervalMs": 10000,
             "kind": "tcp",
             "level": "advisory",
             "location": "default",
             "name": "image-service/port",
             "port": 5433,
             "team": "application",
             "thresholds": {
               "errors": 5,
               "failures": 2,
               "successes": 3,
             },
             "timeoutMs": 5000,
           },
         ],
         "name": "image-service",
         "team": "application",
         "uses": "shop-db",
       },
     ]
    `);
  });

  it('knows no target by the name of an inherited property', () => {
    expect(parse(good).targets['constructor']).toBeUndefined();
  });

  it('finds Temporal at home when nothing is said', () => {
    expect(parse(good).temporal).toEqual({ address: '127.0.0.1:7233', namespace: 'default', tls: null, apiKey: null });
  });
});

describe('a bad file', () => {
  for (const [name, text, want] of [
    [
      'names an unknown key, its place and the nearest known one',
      target('    sook: 5m'),
      'knowngood.yaml:4:5: targets.db: unknown key "sook" | Did you mean "soak"?',
    ],
    [
      'never sends an API key without TLS',
      target('').concat("temporal: { tls: false, apiKey: '${env:KEY}' }"),
      'knowngood.yaml:4:1: temporal: sends "apiKey" without TLS | Take "tls: false" out: with a key, TLS is on.',
    ],
    [
      'holds no private key itself, and never shows one',
      target('').concat("temporal: { tls: { cert: /c.pem, key: '-----BEGIN PRIVATE KEY----- MIG' } }"),
      'knowngood.yaml:4:39: temporal.tls.key: holds PEM itself | Write the path of the file, or "${env:NAME}".',
    ],
    [
      'names an unknown key at the top',
      target('').concat('depndents: {}'),
      'knowngood.yaml:4:1: unknown key "depndents" | Did you mean "dependents"?',
    ],
    [
      'shows the right form of a duration',
      target('    soak: 10 minutes'),
      'knowngood.yaml:4:11: targets.db.soak: "10 minutes" is not a duration | A duration is a number and a unit: "500ms", "30s", "5m", "2h" or "1d".',
    ],
    [
      'takes no bare number for a duration',
      target('    soak: 10'),
      'knowngood.yaml:4:11: targets.db.soak: 10 is not a duration | A duration is a number and a unit: "500ms", "30s", "5m", "2h" or "1d".',
    ],
    [
      'takes no compound duration',
      target('    soak: 1h30m'),
      'knowngood.yaml:4:11: targets.db.soak: "1h30m" is not a duration | A duration is a number and a unit: "500ms", "30s", "5m", "2h" or "1d".',
    ],
    [
      'names a team that no route can mean, and the nearest one',
      target('').concat('teams: { database: {} }\nnotifications: { routes: [{ tell: [databse] }] }'),
      'knowngood.yaml:5:36: notifications.routes[0].tell[0]: unknown team "databse" | Did you mean "database"?',
    ],
    [
      'needs a mail server where somebody gets mail',
      target('').concat('teams: { dba: { notify: [{ email: { to: a@b.example } }] } }'),
      'knowngood.yaml:4:28: teams.dba.notify[0].email: needs "notifications.smtp": the server that takes the mail',
    ],
    [
      'takes no literal secret for a channel',
      target('').concat('teams: { dba: { notify: [{ slack: https://hooks.slack.example/x }] } }'),
      'knowngood.yaml:4:35: teams.dba.notify[0].slack: must be a reference, not a literal secret | Write a reference: "${env:NAME}" or "${file:/run/secrets/name}".',
    ],
    [
      'takes one channel an entry',
      target('').concat("teams: { dba: { notify: [{ slack: '${env:A}', webhook: '${env:B}' }] } }"),
      'knowngood.yaml:4:26: teams.dba.notify[0]: needs exactly one of "slack", "pagerduty", "email", "webhook"',
    ],
    [
      'wants each step of an escalation later than the one before',
      target('').concat(
        'teams: { dba: {} }\nnotifications: { escalation: [{ after: 5m, tell: [dba] }, { after: 1m, tell: [dba] }] }',
      ),
      'knowngood.yaml:5:68: notifications.escalation[1].after: must be later than the step before',
    ],
    [
      'repeats nothing more often than a workflow can bear',
      target('').concat('teams: { dba: {} }\nnotifications: { repeat: 1m }'),
      'knowngood.yaml:5:26: notifications.repeat: repeats a notice more than 200 times before "giveUp" (24h)',
    ],
    [
      'gives up before it has repeated too often',
      target('').concat('teams: { dba: {} }\nnotifications: { giveUp: 30d }'),
      'knowngood.yaml:5:26: notifications.giveUp: repeats a notice more than 200 times before "giveUp" (30d)',
    ],
    [
      'takes no team with the name of a group',
      target('').concat('teams: { everybody: {} }'),
      'knowngood.yaml:4:10: teams.everybody: "everybody" means a group of teams in routes',
    ],
    [
      'sends no password without TLS',
      target('').concat(
        "notifications: { smtp: { host: h, from: a@b.example, tls: none, user: u, password: '${env:P}' } }",
      ),
      'knowngood.yaml:4:18: notifications.smtp: would send the password without TLS',
    ],
    [
      'takes no address for a network that is none',
      target('').concat('notifications: { allowPrivate: ["2130706433"] }'),
      'knowngood.yaml:4:33: notifications.allowPrivate[0]: is not an address, a network such as 10.2.0.0/16, or a host name',
    ],
    [
      'names a need that is none, and the nearest word',
      target('').concat(
        'dependents: { app: { uses: db, access: [{ user: u, database: d, needs: [selct on public.images] }] } }',
      ),
      'knowngood.yaml:4:73: dependents.app.access[0].needs[0]: unknown privilege "selct" | Did you mean "select"?',
    ],
    [
      'refuses a literal password without showing it',
      target('    password: hunter2'),
      'knowngood.yaml:4:15: targets.db.password: must be a reference, not a literal secret | Write a reference: "${env:NAME}" or "${file:/run/secrets/name}".',
    ],
    [
      'refuses a password within a connection address',
      'targets:\n  db: { connection: "postgresql://u:hunter2@h/d" }',
      'knowngood.yaml:2:21: targets.db.connection: holds a password | Take it out, and write password: "${env:NAME}" or "${file:/run/secrets/name}" beside it.',
    ],
    [
      'refuses an sslmode that leaves TLS open',
      'targets:\n  db: { connection: "postgresql://u@h/d?sslmode=prefer" }',
      'knowngood.yaml:2:21: targets.db.connection: has sslmode "prefer", which leaves open whether TLS is used | Choose one of disable, require, verify-ca, verify-full.',
    ],
    [
      'names a missing key where its mapping stands',
      'targets:\n  db: {}',
      'knowngood.yaml:2:3: targets.db: "connection" is missing',
    ],
    [
      'names an unknown policy',
      target('    policy: prodution\npolicies: { production: {} }'),
      'knowngood.yaml:4:13: targets.db.policy: unknown policy "prodution" | Did you mean "production"?',
    ],
    [
      'names an unknown target of a dependent',
      target('dependents:\n  shop: { uses: dv }'),
      'knowngood.yaml:5:17: dependents.shop.uses: unknown target "dv" | Did you mean "db"?',
    ],
    [
      'refuses aliases',
      target('x: &a [1]\ny: *a'),
      'knowngood.yaml:5:4: YAML aliases are not supported | Write the value out; what many targets share belongs under "defaults" or "policies".',
    ],
    [
      'refuses the key __proto__',
      target('    __proto__: { soak: 1m }'),
      'knowngood.yaml:4:5: "__proto__" is not a valid key',
    ],
    [
      'refuses a key that stands twice',
      target('    soak: 1m\n    soak: 2m'),
      'knowngood.yaml:5:5: the same key stands here twice',
    ],
    [
      'says what a name is made of',
      'targets:\n  "Shop DB": { connection: "postgresql://u@h/d" }',
      'knowngood.yaml:2:3: targets.Shop DB: is not a valid name | Names are made of lower-case letters, digits and hyphens.',
    ],
    [
      'keeps the names with which keys of notices begin for itself',
      'targets:\n  drift: { connection: "postgresql://u@h/d" }',
      'knowngood.yaml:2:3: targets.drift: is not a name for a target | Knowngood itself uses accept, drift, drift-looks.',
    ],
    [
      'refuses a literal token in a header',
      target(
        'dependents:\n  shop:\n    uses: db\n    checks:\n      a: { http: { url: "http://x/", headers: { Authorization: Bearer abc } } }',
      ),
      'knowngood.yaml:8:64: dependents.shop.checks.a.http.headers.Authorization: must be a reference, not a literal secret | Write a reference: "${env:NAME}" or "${file:/run/secrets/name}".',
    ],
    [
      'wants one kind a check',
      target('dependents:\n  shop: { uses: db, checks: { a: { level: required } } }'),
      'knowngood.yaml:5:31: dependents.shop.checks.a: needs exactly one of "http", "tcp", "sql", "grpc", "prometheus" and "command"',
    ],
    [
      'wants a tcp host where the target is a socket',
      'targets:\n  db: { connection: "postgresql://u@/d?host=/run/pg" }\ndependents:\n  shop: { uses: db, checks: { a: { tcp: {} } } }',
      'knowngood.yaml:4:36: dependents.shop.checks.a.tcp: needs "host", because target "db" is connected by a Unix socket',
    ],
  ] as const) {
    it(name, () => expect(problems(text)).toEqual([want]));
  }

  it('names all problems at once', () => {
    expect(problems(target('    sook: 5m\n    lease: 0s\n    approvals: { low: many }'))).toHaveLength(3);
  });

  it('lists what it knows when nothing is near', () => {
    expect(problems(target('    onInconclusive: maybe'))).toEqual([
      'knowngood.yaml:4:21: targets.db.onInconclusive: is not one of the values known here | Known: revert, keep.',
    ]);
  });

  it('lets a header take its secret from a reference', () => {
    const header = (value: string): string =>
      target(
        `dependents:\n  shop:\n    uses: db\n    checks:\n      a: { http: { url: "http://x/", headers: { Authorization: '${value}' } } }`,
      );
    expect(problems(header('Bearer ${env:TOKEN}'))).toEqual([]);
    expect(problems(header('${file:/run/t}'))).toEqual([]);
    expect(problems(header('Bearer abc ${env:TOKEN}'))).toHaveLength(1);
  });

  it('refuses a file that is far too large, or nested too deeply, in no time', () => {
    expect(problems(`a: ${'x'.repeat(300_000)}`)).toEqual(['knowngood.yaml: is larger than 256 KiB']);
    expect(problems('['.repeat(200_000))).toHaveLength(1);
  });

  it('says that an empty file has no targets', () => {
    expect(problems('')).toEqual(['knowngood.yaml:1:1: "targets" is missing']);
  });
});

describe('approvers and groups', () => {
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDugItrY6kW0ibx/JlgJjfz4qzbJ2BAeAS7Y4WzTAygw anna';
  const people = `approvers:
  anna: { identities: [anna@example.com, anna@laptop], keys: ['${key}'] }
  kim: {}
  sam: { identities: [sam@example.com] }
groups: { dba: [anna, kim], security: [sam] }
`;
  const approvals = (text: string): string => `${people}${target(`    approvals: ${text}\n`)}`;
  const of = (text: string) => parse(approvals(text)).targets['db']!.policy.approvals;

  it('are known with their groups, and whether they sign', () => {
    expect(parse(approvals('{ high: 1 }')).approvers).toEqual([
      {
        name: 'anna',
        identities: ['anna@example.com', 'anna@laptop'],
        keys: [expect.stringContaining('ssh-ed25519')],
        signs: true,
        groups: ['dba'],
      },
      { name: 'kim', identities: [], keys: [], signs: false, groups: ['dba'] },
      { name: 'sam', identities: ['sam@example.com'], keys: [], signs: false, groups: ['security'] },
    ]);
    expect(parse(target('')).approvers).toBeUndefined();
  });

  it('fill their numbers in: nobody sits on two chairs unless it is said, and no group is cut short', () => {
    const groups = { low: {}, high: { dba: 1, security: 1 } };
    expect(of('{ low: 1, high: 2 }')).toEqual({ low: 1, high: 2 });
    expect(of('{ groups: { high: { dba: 1, security: 1 } } }')).toEqual({ low: 0, high: 2, groups });
    expect(of('{ high: 1, groups: { high: { dba: 1, security: 1 } } }')).toEqual({ low: 0, high: 1, groups });
    expect(of('{ high: 1, groups: { high: { dba: 2 } } }')).toMatchObject({ high: 2 });
    expect(of('{ high: 1, signed: high }')).toEqual({ low: 0, high: 1, signed: 'high' });
    expect(of('{ high: 1, signed: never }')).toEqual({ low: 0, high: 1 });
  });

  for (const [name, text, want] of [
    [
      'an unknown member',
      `${people.replace('[sam]', '[sma]')}${target('')}`,
      'knowngood.yaml:5:40: groups.security[0]: unknown approver "sma" | Did you mean "sam"?',
    ],
    [
      'a group without members',
      `${people.replace('[sam]', '[]')}${target('')}`,
      'knowngood.yaml:5:29: groups.security: has no member',
    ],
    [
      'an unknown group',
      approvals('{ groups: { high: { dab: 1 } } }'),
      'knowngood.yaml:9:36: targets.db.approvals.groups.high.dab: unknown group "dab" | Did you mean "dba"?',
    ],
    [
      'more of a group than it has',
      approvals('{ groups: { high: { security: 2 } } }'),
      'knowngood.yaml:9:46: targets.db.approvals.groups.high.security: only 1 can approve',
    ],
    [
      'more than there are',
      approvals('{ high: 4 }'),
      'knowngood.yaml:9:24: targets.db.approvals.high: only 3 can approve',
    ],
    [
      'more signatures than keys',
      approvals('{ high: 2, signed: high }'),
      'knowngood.yaml:9:24: targets.db.approvals.high: only 1 can sign',
    ],
    [
      'signatures of nobody',
      target('    approvals: { high: 1, signed: always }\n'),
      'knowngood.yaml:4:35: targets.db.approvals.signed: nobody can sign | List approvers with their keys: see docs/approvals.md.',
    ],
    [
      'an identity of two',
      `${people.replace('kim: {}', 'kim: { identities: [ANNA@laptop] }')}${target('')}`,
      'knowngood.yaml:3:23: approvers.kim.identities[0]: "ANNA@laptop" belongs to approver "anna" already',
    ],
    [
      'an identity that is the name of another',
      `${people.replace('kim: {}', 'kim: { identities: [sam] }')}${target('')}`,
      'knowngood.yaml:3:23: approvers.kim.identities[0]: "sam" belongs to approver "sam" already',
    ],
    [
      'a key of two',
      `${people.replace('kim: {}', `kim: { keys: ['${key}'] }`)}${target('')}`,
      'belongs to approver "anna" already',
    ],
    [
      'a key of another kind',
      `${people.replace('ssh-ed25519 AAAA', 'ssh-rsa AAAA')}${target('')}`,
      'knowngood.yaml:2:63: approvers.anna.keys[0]: "ssh-rsa" is no Ed25519 key | Only plain ssh-ed25519 keys sign approvals.',
    ],
    [
      'a misspelt field',
      `${people.replace('keys:', 'kyes:')}${target('')}`,
      'approvers.anna: unknown key "kyes" | Did you mean "keys"?',
    ],
  ] as const) {
    it(`refuse ${name}, with the place`, () => {
      const found = problems(text);
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(want);
    });
  }
});
