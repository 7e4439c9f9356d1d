/** Who loses access: asked for networks, beside the same question asked of many single addresses of them. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { printAddress } from '../../domain/access/address.ts';
import { accessExplainer } from '../../domain/access/explain.ts';
import { readHba } from '../../domain/access/file-rules.ts';
import { type Asked, accessImpact } from '../../domain/access/impact.ts';
import { type AccessState, simulateLogin } from '../../domain/access/login.ts';
import { readIdent } from '../../domain/access/ident-maps.ts';
import { lostSuperusers } from '../../domain/access/lockout.ts';
import { rolesOf } from '../../domain/access/roles.ts';
import { buildOf, interfaces, parse } from './house.ts';

const role = {
  superuser: false,
  inherit: true,
  login: true,
  replication: false,
  connectionLimit: -1,
  validUntil: null,
  verifier: 'scram-sha-256',
} as const;
const database = {
  owner: 'postgres',
  connectionLimit: -1,
  allowConnections: true,
  isTemplate: false,
  tablespace: 'pg_default',
  acl: ['=c/postgres'],
  aclIsNull: false,
};

function stateOf(lines: readonly string[], bend: Partial<AccessState> = {}): AccessState {
  const text = `${lines.join('\n')}\n`;
  const view = { read: (path: string) => (path === '/hba' ? text : null), list: () => null };
  return {
    versionNum: 170000,
    rules: readHba('/hba', view, buildOf(170000, true)),
    listen: '*',
    ssl: true,
    roles: rolesOf(
      [
        { ...role, name: 'postgres', superuser: true, replication: true },
        { ...role, name: 'app' },
        { ...role, name: 'standby', replication: true },
      ],
      [],
    ),
    databases: new Map(['shop', 'postgres'].map((name) => [name, { ...database, name }])),
    interfaces,
    now: Date.parse('2026-11-26T00:00:00Z'),
    ...bend,
  };
}

const asked = (bend: Partial<Asked>): Asked => ({
  user: 'app',
  database: 'shop',
  from: '10.2.0.0/16',
  tls: false,
  source: 'declared',
  who: ['image-service'],
  ...bend,
});

const byte = fc.integer({ min: 0, max: 255 });
const net = fc
  .tuple(byte, byte, fc.constantFrom(8, 12, 15, 16, 17, 20, 24, 28, 31, 32))
  .map(([third, fourth, bits]) => `10.${bits < 16 ? third : 2}.${third}.${fourth}/${bits}`);
const rule = fc
  .tuple(
    fc.constantFrom('host', 'hostssl', 'hostnossl'),
    fc.constantFrom('app', 'all', 'postgres'),
    fc.oneof(net, fc.constantFrom('all', '10.2.0.0 255.255.0.255')),
    fc.constantFrom('scram-sha-256', 'reject', 'reject', 'trust'),
  )
  .map(([type, user, address, method]) => `${type} all ${user} ${address} ${method}`);
const rules = fc.array(rule, { maxLength: 6 }).map((lines) => [...lines, 'local all all scram-sha-256']);

describe('a network that rules cut up', () => {
  it('loses access when any one address of it does, and the example is one of those', () => {
    const property = fc.property(
      rules,
      rules,
      net,
      fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
      (a, b, from, at) => {
        const [before, after] = [stateOf(a), stateOf(b)];
        // Masks whose bits stand apart have more borders than ends: those are looked at by the addresses drawn alone.
        fc.pre(![...a, ...b].some((line) => line.includes('255.0.255')));
        const impact = accessImpact(before, after, [asked({ from })]);
        const [host = '', bits = ''] = from.split('/');
        const size = 2 ** (32 - Number(bits));
        const first = parse(host).bytes.reduce((sum, one) => sum * 256 + one, 0);
        const base = Math.floor(first / size) * size;
        const isLost = (address: string): boolean => {
          const principal = { user: 'app', database: 'shop', address: parse(address), tls: false, certificate: false };
          const [was, is] = [simulateLogin(before, principal), simulateLogin(after, principal)];
          return was.kind === 'allowed' && is.kind === 'denied';
        };
        const drawn = at.map((number) => addressAt(base + (number % size)));
        if (drawn.some(isLost)) expect(impact.lost).toHaveLength(1);
        for (const { example } of impact.lost) expect(isLost(example)).toBe(true);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});

function addressAt(number: number): string {
  return printAddress({ family: 4, bytes: [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256) });
}

describe('what explains a loss', () => {
  const wide = 'host all all 10.0.0.0/8 scram-sha-256';
  const narrow = 'host shop app 10.2.0.0/16 scram-sha-256';

  it('is the rule that is gone', () => {
    const { lost } = accessImpact(stateOf([narrow]), stateOf(['local all all trust']), [asked({ from: '10.2.0.7' })]);
    expect(lost).toMatchObject([
      {
        example: '10.2.0.7',
        because: [
          `the rule ${narrow} (hba:1) is gone`,
          'no rule of pg_hba.conf is for user app, database shop, from 10.2.0.7',
        ],
      },
    ]);
  });

  it('is the line that comes first now', () => {
    const { lost } = accessImpact(stateOf([narrow]), stateOf(['host all all all reject', narrow]), [asked({})]);
    expect(lost[0]?.because).toEqual([
      `the rule ${narrow} (hba:1) is still there, and another one comes first`,
      'now hba:1 decides: host all all all reject',
      'the rule rejects',
    ]);
  });

  it('is nothing where another rule lets in as well', () => {
    const impact = accessImpact(stateOf([narrow, wide]), stateOf([wide]), [asked({})]);
    expect(impact).toMatchObject({ lost: [], gained: [], unknown: [], unchanged: 1 });
  });

  it('is not claimed for somebody who has not said from where, and still gets in from elsewhere', () => {
    const impact = accessImpact(stateOf([wide, narrow]), stateOf([narrow]), [asked({ from: null })]);
    expect(impact).toMatchObject({ lost: [], unknown: [{ verdict: 'unknown' }] });
    expect(accessImpact(stateOf([narrow]), stateOf([]), [asked({ from: null })]).lost).toHaveLength(0);
    expect(accessImpact(stateOf([narrow]), stateOf(['local all all trust']), [asked({ from: null })]).lost).toEqual([]);
  });

  it('is not the rule where the role is stopped behind it', () => {
    const roles = rolesOf([{ ...role, name: 'app', login: false }], []);
    const { lost } = accessImpact(stateOf([narrow]), stateOf([narrow], { roles }), [asked({})]);
    expect(lost[0]?.because).toEqual(['role app is not permitted to log in']);
  });

  it.each([
    [-1, 3, 'role app may hold 3 connections at once, as many as it liked before'],
    [20, 3, 'role app may hold 3 connections at once, 20 before'],
    [3, 20, null],
    [3, -1, null],
    [3, 0, 'role app has a connection limit of 0'],
  ])('a limit of %i that becomes %i: %s', (was, is, why) => {
    const limited = (connectionLimit: number): Partial<AccessState> => {
      return { roles: rolesOf([{ ...role, name: 'app', connectionLimit }], []) };
    };
    const { lost, unknown } = accessImpact(stateOf([narrow], limited(was)), stateOf([narrow], limited(is)), [
      asked({}),
    ]);
    expect([...lost, ...unknown].flatMap(({ because }) => because)).toEqual(why === null ? [] : [why]);
  });

  it('fewer connections for everybody are said once', () => {
    const [before, after] = [stateOf([narrow], { slots: 97 }), stateOf([narrow], { slots: 17 })];
    expect(accessImpact(before, after, [asked({})])).toMatchObject({ fewer: { before: 97, after: 17 }, unchanged: 1 });
    expect(accessImpact(after, before, [asked({})]).fewer).toBeUndefined();
  });

  it('replication is asked of its own rules and its own attribute', () => {
    const keep = 'host replication standby 10.9.0.0/16 scram-sha-256';
    const standby = asked({
      user: 'standby',
      database: '',
      from: '10.9.0.1',
      replication: true,
      source: 'replication',
    });
    expect(accessImpact(stateOf([keep]), stateOf([wide]), [standby]).lost).toHaveLength(1);
    expect(accessImpact(stateOf([wide]), stateOf([wide]), [standby])).toMatchObject({ lost: [], unchanged: 1 });
    expect(accessImpact(stateOf([wide]), stateOf([keep]), [standby]).gained).toHaveLength(1);
  });
});

describe('what nobody can tell before and after', () => {
  const maps = (text: string): ReturnType<typeof readIdent> =>
    readIdent('/i', { read: (path) => (path === '/i' ? `${text}\n` : null), list: () => null }, 170000);
  const pair = (
    before: readonly [readonly string[], string?],
    after: readonly [readonly string[], string?],
  ): readonly [AccessState, AccessState] => [
    stateOf(before[0], { maps: maps(before[1] ?? '') }),
    stateOf(after[0], { maps: maps(after[1] ?? '') }),
  ];
  const radius = (secret: string): string => `host all all 10.0.0.0/8 radius radiusservers=r radiussecrets=${secret}`;
  const named = 'host all all db.example.com scram-sha-256';
  const net = 'host all app 10.2.0.0/16 scram-sha-256';
  const byMap = ['local all all peer map=m'];

  it.each([
    [
      'the same rule in another line',
      pair([[radius('a')]], [['host all nobody all reject', radius('a')]]),
      'unchanged',
    ],
    ['other options of the method', pair([[radius('a')]], [[radius('b')]]), 'unknown'],
    ['another map', pair([byMap, 'm deploy app'], [byMap, 'm nobody app']), 'unknown'],
    ['a line of a map that the rule does not name', pair([byMap, 'm a app'], [byMap, 'm a app\nn b app']), 'unchanged'],
    ['another line behind a host name', pair([[named, net]], [[named]]), 'unknown'],
    ['the same lines behind a host name', pair([[named, net]], [[named, '# by now', net]]), 'unchanged'],
    ['a host name that is new', pair([[net]], [[named, net]]), 'unknown'],
  ])('%s', (_, [before, after], verdict) => {
    const impact = accessImpact(
      before,
      after,
      ['10.2.0.7', 'local'].map((from) => asked({ from, source: 'observed' })),
    );
    expect(impact.lost).toEqual([]);
    expect(impact.unknown.length > 0 ? 'unknown' : 'unchanged').toBe(verdict);
    expect(JSON.stringify(impact)).not.toContain('radiussecrets');
  });

  it('is known of who is known to the operating system', () => {
    const [before, after] = pair([byMap, 'm agent postgres'], [byMap, 'm nobody postgres']);
    const itself = asked({ user: 'postgres', from: 'local', source: 'knowngood', systemUser: 'agent' });
    expect(accessImpact(before, after, [itself]).lost).toHaveLength(1);
    expect(accessImpact(before, before, [itself])).toMatchObject({ unknown: [], unchanged: 1 });
  });
});

describe('a server that listens elsewhere', () => {
  const rules = ['host all all all scram-sha-256', 'local all all scram-sha-256'];
  const was = { port: '5432', socketFolders: '/run/postgresql, /tmp', listen: '10.0.0.5,127.0.0.1' };
  it.each([
    ['another port', { port: '6432' }, 'lost', 'lost'],
    ['one address less', { listen: '127.0.0.1,10.0.0.6' }, 'unknown', 'unchanged'],
    ['every address', { listen: '*' }, 'unchanged', 'unchanged'],
    ['no address', { listen: '' }, 'lost', 'unchanged'],
    ['one folder less', { socketFolders: '/run/postgresql' }, 'unchanged', 'unknown'],
    ['nothing new', {}, 'unchanged', 'unchanged'],
  ])('%s', (_, bend, byNetwork, bySocket) => {
    const [before, after] = [stateOf(rules, was), stateOf(rules, { ...was, ...bend })];
    const verdictFor = (from: string): string => {
      const { lost, unknown } = accessImpact(before, after, [asked({ from })]);
      return [...lost, ...unknown][0]?.verdict ?? 'unchanged';
    };
    expect([verdictFor('10.2.0.7'), verdictFor('local')]).toEqual([byNetwork, bySocket]);
  });
});

describe('a client that was seen with TLS, or without', () => {
  const [any, onlyTls, without] = ['host', 'hostssl', 'hostnossl'].map((type) => [`${type} all all all scram-sha-256`]);
  it.each([
    ['TLS is turned off', true, any, any, { ssl: false }, 'unknown'],
    ['TLS is required', false, any, onlyTls, {}, 'unknown'],
    ['TLS is required where there is none', false, any, onlyTls, { ssl: false }, 'lost'],
    ['TLS is refused', true, any, without, {}, 'unknown'],
    ['its rule goes', true, any, ['local all all peer'], {}, 'lost'],
  ])('%s', (_, tls, before = [], after = [], bend, verdict) => {
    const verdictFor = (source: Asked['source']): unknown => {
      const impact = accessImpact(stateOf(before), stateOf(after, bend), [asked({ from: '10.2.0.7', tls, source })]);
      return [...impact.lost, ...impact.unknown][0]?.verdict;
    };
    expect([verdictFor('observed'), verdictFor('declared')]).toEqual([verdict, 'lost']);
  });
});

describe('a rule that asks for a client certificate', () => {
  const certified = stateOf(['hostssl all all 10.0.0.0/8 scram-sha-256 clientcert=verify-full']);
  const open = stateOf(['hostssl all all 10.0.0.0/8 scram-sha-256']);
  const none = stateOf(['local all all peer']);
  const seen = asked({ from: '10.2.0.7', tls: true, source: 'observed' });

  it('has let in whoever was seen, so that it loses it with the rule', () => {
    expect(accessImpact(certified, none, [seen]).lost).toHaveLength(1);
  });
  it('may keep out who comes without one, which nobody knows', () => {
    expect(accessImpact(open, certified, [seen])).toMatchObject({ lost: [], unknown: [{ verdict: 'unknown' }] });
    expect(accessImpact(certified, certified, [seen])).toMatchObject({ lost: [], unknown: [], unchanged: 1 });
  });
});

describe('somebody who may come from anywhere', () => {
  const anywhere = asked({ from: null });
  const nets = [{ address: parse('10.2.0.1'), mask: parse('255.255.0.0') }];

  it.each(['samenet', 'samehost'])('comes from the networks of the host too, which %s means', (word) => {
    const before = stateOf([`host all all ${word} scram-sha-256`], { interfaces: nets });
    const after = stateOf(['local all all reject'], { interfaces: nets });
    expect(accessImpact(before, after, [anywhere]).lost).toMatchObject([{ verdict: 'lost' }]);
  });

  it('comes from this machine as well, where the server listens on nothing else', () => {
    const rule = ['host all all all scram-sha-256'];
    const impact = accessImpact(stateOf(rule, { listen: 'localhost' }), stateOf(rule, { listen: '' }), [anywhere]);
    expect(impact.lost.map(({ example }) => example)).toEqual(['127.0.0.0']);
  });
});

describe('many who lose access by one line', () => {
  const many = Array.from({ length: 60 }, (_, at) => asked({ from: `10.2.0.${at}`, source: 'observed' }));
  const itself = asked({ user: 'postgres', from: 'local', source: 'knowngood' });
  const before = stateOf(['host all all 10.0.0.0/8 scram-sha-256', 'local all all scram-sha-256']);

  it('do not hide that Knowngood itself is locked out', () => {
    const { lost, more } = accessImpact(before, stateOf(['host all nobody 10.0.0.0/8 scram-sha-256']), [
      ...many,
      itself,
    ]);
    expect(lost[0]).toMatchObject({ source: 'knowngood', because: [expect.any(String), expect.any(String)] });
    expect([lost.length, more]).toEqual([50, 11]);
  });

  it('take no longer than those who keep it', () => {
    const rules = Array.from({ length: 1_000 }, (_, at) => `host db${at} app 10.0.0.0/8 scram-sha-256`);
    const others = Array.from({ length: 10_000 }, (_, at) =>
      asked({ database: `db${at % 1_000}`, source: 'observed' }),
    );
    const databases = new Map(rules.map((_, at) => [`db${at}`, { ...database, name: `db${at}` }]));
    const { more } = accessImpact(
      stateOf(rules, { databases }),
      stateOf(['local all all peer'], { databases }),
      others,
    );
    expect(more).toBe(9_950);
  });

  it('is told of what the server offers, not of rules that nobody comes to', () => {
    const after = stateOf(['host all all 10.0.0.0/8 scram-sha-256'], { listen: '' });
    expect(accessImpact(before, after, [asked({})]).lost[0]?.because).toEqual([
      'the server listens on no address (listen_addresses is empty)',
    ]);
  });
});

describe('what travels', () => {
  it('is short, whomever a rule names', () => {
    const users = Array.from({ length: 5_000 }, (_, at) => `user_${at}`).join(',');
    const before = stateOf([`host all ${users},app 10.2.0.0/16 scram-sha-256`]);
    const after = stateOf([`host all ${users} 0.0.0.0/0 trust`, 'host all all all reject']);
    const many = Array.from({ length: 50 }, (_, at) => asked({ from: `10.2.0.${at}` }));
    expect(JSON.stringify(accessImpact(before, after, many)).length).toBeLessThan(100_000);
    expect(JSON.stringify(accessExplainer(before)(asked({}))).length).toBeLessThan(5_000);
  });

  const secret = 'bind-password-of-a-rule';
  const ldap = `host all all 10.0.0.0/8 ldap ldapserver=l ldapbasedn=d ldapbinddn=cn ldapbindpasswd=${secret}`;

  it.each([
    ['a rule', { without: [] }],
    ['a line that is no rule', { without: ['ldap'] as const }],
  ])('holds the place of %s, and nothing of its options', (_, built) => {
    const view = { read: (path: string) => (path === '/hba' ? `${ldap}\n` : null), list: () => null };
    const before = stateOf([], { rules: readHba('/hba', view, { ...buildOf(170000, true), ...built }) });
    const impact = accessImpact(before, stateOf(['local all all peer']), [asked({ source: 'observed' })]);
    expect(impact.lost[0]?.before.where).toEqual({ file: '/hba', line: 1 });
    expect(JSON.stringify([impact, accessExplainer(before)(asked({}))])).not.toContain(secret);
  });
});

describe('superusers on the host', () => {
  it('are lost when no way is left, not when one of two is', () => {
    const both = stateOf(['local all postgres scram-sha-256', 'host all postgres 127.0.0.1/32 scram-sha-256']);
    const one = stateOf(['host all postgres 127.0.0.1/32 scram-sha-256']);
    const none = stateOf(['host all app all scram-sha-256']);
    expect(lostSuperusers(both, one)).toEqual([]);
    expect(lostSuperusers(both, none).map(({ from }) => from)).toEqual(['local', '127.0.0.1']);
    expect(lostSuperusers(none, none)).toEqual([]);
  });
});

describe('widening', () => {
  it.each([
    ['host all all 10.0.0.0/8 trust', ['trust']],
    ['host all app 0.0.0.0/0 scram-sha-256', ['every-address']],
    ['host all app ::/0 scram-sha-256', ['every-address']],
    ['hostssl all app all scram-sha-256', ['every-address']],
    ['host all app 10.0.0.0/8 password', ['clear-password']],
    ['hostssl all app 10.0.0.0/8 password', []],
    ['host all all all reject', []],
    ['local all all trust', ['trust']],
    ['host all app 10.0.0.0/8 scram-sha-256', []],
  ])('%s: %j', (line, what) => {
    const { widened } = accessImpact(stateOf(['local all all peer']), stateOf(['local all all peer', line]), []);
    expect(widened.map((one) => one.what)).toEqual(what);
  });

  it('of the server: TLS off, every address, a new superuser', () => {
    const before = stateOf([], { listen: '127.0.0.1' });
    const after = stateOf([], {
      ssl: false,
      roles: rolesOf([{ ...role, name: 'app', superuser: true }], []),
    });
    const whats = accessImpact(before, after, []).widened.map(({ what }) => what);
    expect(whats).toEqual(['tls-off', 'listens-wider', 'superuser']);
  });
});
