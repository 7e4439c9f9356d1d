/** Whom a revert lets in again: nobody who is on the list, and everybody else. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseAddress, parseNetwork } from '../../../domain/access/address.ts';
import { type AccessState, matchFactsOf } from '../../../domain/access/login.ts';
import { firstMatch, isWithin } from '../../../domain/access/match.ts';
import { accessStateOf } from '../../../domain/access/world.ts';
import { type NeverReopen, nothingClosed } from '../../../domain/never-reopen.ts';
import { type ClosedFiles, type Texts, keepClosed, withoutClosing } from '../../../domain/revert/keep-closed.ts';
import type { RoleEntry } from '../../../domain/snapshot.ts';
import { membership, role } from './sql/builders.ts';

const main = '/pg/pg_hba.conf';
const people = ['postgres', 'app', 'vendor', 'readers'];

interface House {
  readonly hba: string;
  readonly ident?: string;
  readonly listen?: string;
  readonly roles?: readonly RoleEntry[];
  /** Databases → who may connect; absent: everybody. */
  readonly connect?: string;
  readonly more?: Readonly<Record<string, string>>;
}

function stateOf({ hba, ident = '', listen = '*', roles, connect = '', more = {} }: House): AccessState {
  const files: Readonly<Record<string, string>> = { [main]: hba, '/pg/pg_ident.conf': ident, ...more };
  return accessStateOf({
    versionNum: 170000,
    hba: main,
    ident: '/pg/pg_ident.conf',
    view: { read: (path) => files[path] ?? null, list: () => null },
    setting: (name) => ({ listen_addresses: listen, ssl: 'on' })[name] ?? '',
    secretOf: () => 'SCRAM-SHA-256$',
    roles: roles ?? people.map((name) => role(name, { verifier: 'hmac:1' })),
    memberships: [membership('readers>vendor/postgres')],
    databases: ['shop', 'postgres'].map((name) => ({
      name,
      owner: 'postgres',
      connectionLimit: -1,
      allowConnections: true,
      isTemplate: false,
      tablespace: 'pg_default',
      aclIsNull: false,
      acl: [`${connect}=c/postgres`],
    })),
    interfaces: [],
    now: 0,
  });
}

function closed(live: House, wanted: House, list: Partial<NeverReopen>, earlier: Texts = new Map()): ClosedFiles {
  return keepClosed({
    live: stateOf(live),
    restored: (texts) => stateOf(withTexts(wanted, texts)),
    list: { ...nothingClosed, ...list },
    main,
    read: (path) => (path === main ? wanted.hba : (wanted.more?.[path] ?? null)),
    id: 'c-1',
    earlier,
  });
}

function withTexts(house: House, texts: Texts): House {
  const { [main]: hba = house.hba, ...more } = { ...house.more, ...Object.fromEntries(texts) };
  return { ...house, hba, more };
}

/** The rules that were put in, without the marks. */
function rulesOf(answer: ClosedFiles): readonly string[] {
  if (answer.kind !== 'closed') return [answer.kind];
  return (answer.texts.get(main) ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const shop = 'host shop app 10.0.0.0/8 scram-sha-256';

describe('rules that come back', () => {
  for (const [name, live, wanted, list, rules] of [
    [
      'are as they were, where nobody on the list gets in by them',
      'local all all peer',
      shop,
      { roles: ['vendor'] },
      ['nothing'],
    ],
    [
      'shut out a role that the change has taken out',
      'local all postgres peer',
      `host all vendor all scram-sha-256\n${shop}`,
      { roles: ['vendor'] },
      [
        'local all "vendor" reject',
        'host all "vendor" all reject',
        'local replication "vendor" reject',
        'host replication "vendor" all reject',
        'host all vendor all scram-sha-256',
        shop,
      ],
    ],
    [
      'let a role in from where it still gets in',
      'host shop +readers 10.1.0.0/16 scram-sha-256\nhost all all all reject',
      `host all all all scram-sha-256`,
      { roles: ['vendor'] },
      [
        'host shop "vendor" 10.1.0.0/16 scram-sha-256',
        'host all "vendor" all reject',
        'local all "vendor" reject',
        'host all "vendor" all reject',
        'local replication "vendor" reject',
        'host replication "vendor" all reject',
        'host all all all scram-sha-256',
      ],
    ],
    [
      'shut out a network, and not the one address in it that gets in now',
      `host shop app 203.0.113.7/32 scram-sha-256\nhost all all 203.0.113.0/24 reject\n${shop}`,
      `host all all 0.0.0.0/0 scram-sha-256`,
      { from: ['203.0.113.0/24'] },
      [
        'host shop app 203.0.113.7/32 scram-sha-256',
        'host all all 203.0.113.0/24 reject',
        'host all all 203.0.113.0/24 reject',
        'host replication all 203.0.113.0/24 reject',
        'host all all 0.0.0.0/0 scram-sha-256',
      ],
    ],
    [
      'go on asking for the password that the change asks for',
      'host all all 10.0.0.0/8 scram-sha-256',
      `${shop}\nhost all all 10.0.0.0/8 trust\nlocal all all trust`,
      { passwordless: true },
      [shop, 'host all all 10.0.0.0/8 scram-sha-256', 'local all all trust'],
    ],
    [
      'let in from this machine without a password, as before',
      'host all all all scram-sha-256',
      'host all all all trust',
      { passwordless: true },
      ['host all all 127.0.0.0/8 trust', 'host all all ::1/128 trust', 'host all all all scram-sha-256'],
    ],
    [
      'let in nobody without a password where the change lets in nobody',
      'local all all peer',
      `host all all 10.0.0.0/8 trust\n${shop}`,
      { passwordless: true },
      [shop],
    ],
    [
      'ask for a password where what the live rules say cannot be said for those alone',
      'host all /^a.p$ 10.0.0.0/8 md5\nlocal all all peer',
      `host all +readers 10.0.0.0/8 trust\n${shop}`,
      { passwordless: true },
      ['host all +readers 10.0.0.0/8 scram-sha-256', shop],
    ],
    [
      'are as they were where the live file does not load: it has closed nothing',
      'host all all nonsense',
      'host all all 10.0.0.0/8 trust',
      { passwordless: true },
      ['nothing'],
    ],
    [
      'are as they were where trust was there all the time',
      'host all all 10.0.0.0/8 trust',
      `${shop}\nhost all all 10.0.0.0/8 trust`,
      { passwordless: true },
      ['nothing'],
    ],
    [
      'may name hosts that only the server can resolve',
      'host all all db.example.com scram-sha-256',
      `host all all db.example.com trust\n${shop}`,
      { passwordless: true },
      ['host all all db.example.com scram-sha-256', shop],
    ],
  ] as const)
    it(name, () => expect(rulesOf(closed({ hba: `${live}\n` }, { hba: `${wanted}\n` }, list))).toEqual(rules));

  it('shut out a role of a database that it cannot connect to now', () => {
    const [live, wanted] = [{ hba: 'host all all all md5\n', connect: 'app' }, { hba: 'host all all all md5\n' }];
    expect(rulesOf(closed(live, wanted, { roles: ['vendor'] })).slice(0, 4)).toEqual([
      'local "shop" "vendor" reject',
      'host "shop" "vendor" all reject',
      'local "postgres" "vendor" reject',
      'host "postgres" "vendor" all reject',
    ]);
  });

  it('shut out whom the server does not listen to now', () => {
    const [live, wanted] = [{ hba: 'host all all all md5\n', listen: 'localhost' }, { hba: 'host all all all md5\n' }];
    expect(rulesOf(closed(live, wanted, { roles: ['vendor'] })).slice(0, 4)).toEqual([
      'host all "vendor" 127.0.0.0/8 md5',
      'host all "vendor" ::1/128 md5',
      'local all "vendor" reject',
      'host all "vendor" all reject',
    ]);
    expect(rulesOf(closed(live, wanted, { from: ['203.0.113.0/24'] })).slice(0, 1)).toEqual([
      'host all all 203.0.113.0/24 reject',
    ]);
  });

  it('leave the maps as they are that would name a role again', () => {
    const hba = 'hostssl all all all cert map=people\n';
    const answer = closed({ hba }, { hba, ident: 'people kim vendor\n' }, { roles: ['vendor'] });
    expect(answer).toMatchObject({ kind: 'closed', keepsMaps: true });
    expect(closed({ hba }, { hba, ident: 'people kim app\n' }, { roles: ['vendor'] }).kind).toBe('nothing');
  });

  it('stay as they are where nothing was found that keeps out those alone', () => {
    const answer = closed(
      { hba: 'host all all .example.com md5\nlocal all all peer\n' },
      { hba: 'host all all all md5\n' },
      { from: ['203.0.113.0/24'] },
    );
    expect(answer).toMatchObject({ kind: 'left', inFront: '' });
  });

  it('are still told to keep out whom grants alone kept out', () => {
    const live = { hba: 'host all all .example.com md5\nhost all all 10.0.0.0/8 md5\n', connect: 'app' };
    const answer = closed(live, { hba: 'host all all all md5\n' }, { roles: ['vendor'], from: ['203.0.113.0/24'] });
    expect(answer.kind === 'left' && answer.inFront.split('\n').slice(1, 3)).toEqual([
      'local "shop" "vendor" reject',
      'host "shop" "vendor" all reject',
    ]);
  });

  it('are put into the file that holds them, whichever it is', () => {
    const path = '/pg/more.conf';
    const wanted = { hba: `include ${path}\n`, more: { [path]: `# theirs\nhost all all 10.0.0.0/8 trust` } };
    const answer = closed({ hba: 'host all all 10.0.0.0/8 md5\n' }, wanted, { passwordless: true });
    expect(answer.kind === 'closed' && [...answer.texts.keys()]).toEqual([path]);
    const text = answer.kind === 'closed' ? (answer.texts.get(path) ?? '') : '';
    expect(text).toContain('# knowngood c-1 keeps closed: [host all all 10.0.0.0/8 trust]');
    expect(withoutClosing(text, 'c-1')).toBe(wanted.more[path]);
    expect(withoutClosing(text, 'another')).toBe(text);
  });

  it('say what stays closed, in the same words at every attempt', () => {
    const [live, wanted] = [{ hba: 'local all all peer\n' }, { hba: 'host all all all trust\n' }];
    const list = { roles: ['vendor'], from: ['203.0.113.0/24'], passwordless: true };
    const first = closed(live, wanted, list);
    if (first.kind !== 'closed') throw new Error(first.kind);
    const again = closed(withTexts(wanted, first.texts), wanted, list, first.texts);
    expect(again).toMatchObject({ kind: 'closed', texts: first.texts });
    const messages = (answer: ClosedFiles) =>
      answer.kind !== 'nothing' && answer.problems.map(({ message }) => message);
    expect(messages(again)).toEqual(messages(first));
    expect(messages(first)).toEqual([
      'role vendor stays shut out by pg_hba.conf',
      '203.0.113.0/24 stays shut out by pg_hba.conf',
      '"host all all all trust" stays away',
    ]);
  });
});

it('what else the rules of before seem to open beside its own is not held back for that', () => {
  const wanted = { hba: 'host shop all 203.0.113.0/24 trust\nhost all all all md5\n' };
  const first = closed({ ...wanted, connect: 'app' }, wanted, { roles: ['vendor'], passwordless: true });
  if (first.kind !== 'closed') throw new Error(first.kind);
  const live = withTexts({ ...wanted, connect: 'app' }, first.texts);
  const again = closed(live, wanted, { roles: ['vendor'], passwordless: true }, first.texts);
  expect(again).toEqual(first);
  expect(first.problems.map(({ message }) => message)).toEqual(['role vendor stays shut out by pg_hba.conf']);
});

it('what an approval has opened goes out of what an earlier attempt has written, and the rest stays', () => {
  const [live, wanted] = [{ hba: 'local all all peer\n' }, { hba: `host all all 10.0.0.0/8 trust\n${shop}\n` }];
  const first = closed(live, wanted, { roles: ['vendor'], passwordless: true });
  if (first.kind !== 'closed') throw new Error(first.kind);
  const less = closed(withTexts(wanted, first.texts), wanted, { passwordless: true }, first.texts);
  expect(less).toEqual(closed(live, wanted, { passwordless: true }));
  expect(rulesOf(less)).toEqual([shop]);
});

const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const numRuns = full ? 3_000 : 40;

const list: NeverReopen = { roles: ['vendor'], from: ['10.1.0.0/16', '2001:db8::/32'], passwordless: true };

const addresses = ['10.1.2.3', '10.1.255.1', '10.2.0.1', '192.0.2.1', '127.0.0.1', '2001:db8::5', '2001:db9::1', '::1'];
const connections = [null, ...addresses].flatMap((from) =>
  ['postgres', 'app', 'vendor', 'shop', 'stranger'].flatMap((user) =>
    ['shop', 'postgres', 'vendor', ''].flatMap((database) =>
      (from === null ? (['none'] as const) : (['none', 'tls', 'gss'] as const)).map((encryption) => ({
        user,
        database,
        address: from === null ? null : parseAddress(from),
        encryption,
        replication: database === '',
      })),
    ),
  ),
);
type Connection = (typeof connections)[number];

/** By asking rule after rule, with none of the short cuts of what is tried here. 0: kept out, 2: in without a password. */
function levelIn(state: AccessState, connection: Connection): 0 | 1 | 2 {
  const rules = state.rules.flatMap(({ rule }) => rule ?? []);
  const match = firstMatch(rules, connection, matchFactsOf(state));
  if (match.kind !== 'rule' || match.rule.method === 'reject') return 0;
  return match.rule.method === 'trust' && match.rule.type !== 'local' ? 2 : 1;
}

function isListed({ user, address }: Connection): boolean {
  const networks = list.from.flatMap((text) => parseNetwork(text) ?? []);
  return user === 'vendor' || networks.some((one) => address !== null && isWithin(address, one.address, one.mask));
}

function isFromHere({ address }: Connection): boolean {
  return address === null || address.bytes[0] === 127 || address.bytes.slice(0, 15).every((byte) => byte === 0);
}

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const rule = fc
  .tuple(
    pick('local', 'host', 'host', 'hostssl', 'hostnossl', 'hostgssenc'),
    pick('all', 'shop', 'replication', 'sameuser', 'samerole', 'shop,postgres', '/^s'),
    pick('all', 'app', 'vendor', '+readers', 'app,vendor', '"all"', '/^v', 'postgres'),
    pick(
      'all',
      '10.0.0.0/8',
      '10.1.0.0/16',
      '10.1.2.0/24',
      '0.0.0.0/0',
      '::/0',
      '2001:db8::/48',
      '127.0.0.1/32',
      'samehost',
    ),
    pick('trust', 'trust', 'scram-sha-256', 'md5', 'reject'),
  )
  .map(([type, databases, users, address, method]) =>
    [type, databases, users, ...(type === 'local' ? [] : [address]), method].join(' '),
  );
const file = fc.array(rule, { minLength: 1, maxLength: 6 }).map((rules) => `${rules.join('\n')}\n`);

describe('whatever the rules', () => {
  it('lets in nobody on the list who is out, takes access from nobody, and gives it back to everybody else', () => {
    const found = { nothing: 0, closed: 0, left: 0 };
    fc.assert(
      fc.property(file, file, (before, now) => {
        const answer = closed({ hba: now }, { hba: before }, list);
        found[answer.kind] += 1;
        if (answer.kind === 'left') return;
        const texts: Texts = answer.kind === 'closed' ? answer.texts : new Map();
        const text = texts.get(main) ?? before;
        expect(withoutClosing(text, 'c-1')).toBe(before);
        const [live, wanted, after] = [now, before, text].map((hba) => stateOf({ hba })) as [
          AccessState,
          AccessState,
          AccessState,
        ];
        for (const connection of connections) {
          const [is, was, will] = [live, wanted, after].map((state) => levelIn(state, connection)) as [
            number,
            number,
            number,
          ];
          const at = JSON.stringify({ connection, is, was, will, text });
          const isRemote = !isFromHere(connection);
          if (isListed(connection) && will > is) throw new Error(`let in again: ${at}`);
          if (isRemote && will === 2 && is !== 2) throw new Error(`without a password: ${at}`);
          if (will < Math.min(is, was) && !(was === 2 && isRemote)) throw new Error(`taken away: ${at}`);
          if (!isListed(connection) && !(was === 2 && isRemote) && will !== was)
            throw new Error(`not as before: ${at}`);
        }
      }),
      { numRuns, ...(full ? {} : { seed: 20240412 }) },
    );
    // Most of what is closed can be said in rules.
    expect(found.closed).toBeGreaterThan(found.left * 2);
  });
});

it('a file of ten thousand rules is asked about in a moment', () => {
  const services = Array.from(
    { length: 10_000 },
    (_, i) => `host db${i % 50} svc${i} 10.${i >> 8}.${i & 255}.0/24 md5`,
  );
  const wanted = ['host all vendor all md5', ...services, 'host all all 192.168.0.0/16 trust', shop].join('\n');
  const now = [...services.slice(1), 'host all all 192.168.0.0/16 trust'].join('\n');
  const all = { roles: ['vendor'], from: ['203.0.113.0/24'], passwordless: true };
  const answer = closed({ hba: `${now}\n` }, { hba: `${wanted}\n` }, all);
  expect(answer.kind !== 'nothing' && answer.problems.map(({ message }) => message)).toEqual([
    'role vendor stays shut out by pg_hba.conf',
    '203.0.113.0/24 stays shut out by pg_hba.conf',
  ]);
  expect(answer.kind).toBe('closed');
});
