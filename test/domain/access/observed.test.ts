/** What is made of what was seen: each connection counts once, however often and in however many ways it is seen. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type ObservedPrincipal,
  type SeenConnection,
  type SeenSessions,
  createAggregator,
  keyOf,
} from '../../../domain/access/observed.ts';

const intervalMs = 5_000;
const noon = Date.UTC(2026, 2, 1, 12);

function aConnection(bend: Partial<SeenConnection> = {}): SeenConnection {
  return {
    pid: 100,
    user: 'image_svc',
    database: 'shop',
    address: '10.2.0.4',
    tls: true,
    replication: false,
    applicationName: 'images',
    ...bend,
  };
}

function aSession({
  pid = 100,
  startedAt = noon,
  ...bend
}: Partial<SeenConnection & { startedAt: number }> = {}): SeenSessions {
  const { pid: _, ...principal } = aConnection(bend);
  return { ...principal, started: [{ pid, startedAt }] };
}

interface Look {
  /** null: they could not be looked at. */
  readonly sessions?: readonly SeenSessions[] | null;
  readonly logged?: readonly SeenConnection[];
}

/** One look every interval, the first one an interval after noon. */
function after(looks: readonly Look[], most?: number): { principals: readonly ObservedPrincipal[]; left: number } {
  const aggregator = createAggregator(intervalMs, most);
  for (const [at, { sessions = [], logged = [] }] of looks.entries())
    aggregator.add({ sessions, logged, problems: [] }, noon + (at + 1) * intervalMs);
  return aggregator.take();
}

const counts = (looks: readonly Look[]): readonly number[] => after(looks).principals.map(({ count }) => count);
const open = { sessions: [aSession()] };
const told = { logged: [aConnection()] };

describe('a connection counts once', () => {
  for (const [name, looks, want] of [
    ['that stays open', [open, open, open], 1],
    ['that is open and that the log tells of in the same look', [{ ...open, ...told }, open], 1],
    [
      'that stays open while nobody can look',
      [open, ...Array.from({ length: 9 }, () => ({ sessions: null })), open],
      1,
    ],
    ['that the log tells of one look later', [open, { ...open, ...told }], 1],
    ['that the log tells of one look earlier', [told, open, open], 1],
    ['that is gone when the log tells of it', [open, told], 1],
    ['and each of several that only the log tells of', [{ logged: [aConnection(), aConnection({ pid: 101 })] }], 2],
    ['and the next one with the same pid too', [open, { sessions: [aSession({ startedAt: noon + 7_000 })] }], 2],
    ['and two lines with one pid are two', [{ logged: [aConnection(), aConnection()] }], 2],
    ['and a line with its pid long after is another one', [open, {}, {}, {}, {}, {}, told], 2],
    ['and a line with its pid after its own line and a look is another one', [told, open, told], 2],
    ['and a line with its pid after both and a look is another one', [{ ...open, ...told }, open, told], 2],

    ['and a line with its pid that follows its own is another one', [{ ...open, ...told }, told], 2],
  ] as const) {
    it(name, () => expect(counts(looks)).toEqual([want]));
  }
});

describe('principals', () => {
  it('are told apart by user, database, address, TLS and replication, and by nothing else', () => {
    const others = [
      {},
      { user: 'other' },
      { database: 'other' },
      { address: '10.2.0.5' },
      { address: null },
      { tls: false },
      { replication: true },
      { applicationName: 'other' },
    ];
    const sessions = others.map((bend, pid) => aSession({ ...bend, pid }));
    expect(after([{ sessions }]).principals).toHaveLength(7);
  });

  it('have the first and the last time, and the name that they gave themselves last', () => {
    const { principals } = after([open, {}, { sessions: [aSession({ applicationName: 'v2' })] }, open]);
    expect(principals).toEqual([
      {
        user: 'image_svc',
        database: 'shop',
        address: '10.2.0.4',
        tls: true,
        replication: false,
        applicationName: 'images',
        firstSeen: noon + intervalMs,
        lastSeen: noon + 4 * intervalMs,
        count: 1,
      },
    ]);
  });

  it('keep the name that one connection of theirs gives, though another gives none', () => {
    const sessions = [aSession(), aSession({ pid: 101, applicationName: '' })];
    expect(after([{ sessions }]).principals).toMatchObject([{ applicationName: 'images', count: 2 }]);
  });

  it('keep the name of a service that comes the same way as a check of ours', () => {
    const check = aSession({ pid: 101, applicationName: 'knowngood-probe' });
    expect(after([{ sessions: [check] }]).principals).toMatchObject([{ applicationName: 'knowngood-probe' }]);
    for (const sessions of [
      [aSession(), check],
      [check, aSession()],
    ])
      expect(after([{ sessions }]).principals).toMatchObject([{ applicationName: 'images' }]);
  });

  it('are printed as the server does, and have the word of pg_hba.conf for physical replication', () => {
    const bend = { address: '2001:DB8:0::1', database: null, replication: true, applicationName: 'x'.repeat(99) };
    const [one] = after([{ sessions: [aSession(bend)] }]).principals;
    expect(one).toMatchObject({ address: '2001:db8::1', database: 'replication', replication: true });
    expect(one?.applicationName).toHaveLength(64);
  });

  it('beyond the cap are counted and not kept', () => {
    const sessions = Array.from({ length: 5 }, (_, pid) => aSession({ pid, user: `u${pid}` }));
    const { principals, left } = after([{ sessions }, { sessions }], 3);
    expect(principals.map(({ user }) => user)).toEqual(['u0', 'u1', 'u2']);
    expect(left).toBe(2);
  });
});

it('what could not be kept is there again, whatever was seen meanwhile', () => {
  const aggregator = createAggregator(intervalMs);
  const look = (at: number, ...sessions: readonly SeenSessions[]): void =>
    aggregator.add({ sessions, logged: [], problems: [] }, noon + at * intervalMs);
  look(1, aSession());
  const { principals } = aggregator.take();
  expect(aggregator.take()).toEqual({ principals: [], left: 0 });
  look(2, aSession(), aSession({ pid: 101 }));
  aggregator.putBack(principals);
  const [one] = aggregator.take().principals;
  expect(one).toMatchObject({ count: 2, firstSeen: noon + intervalMs, lastSeen: noon + 2 * intervalMs });
});

it('however the looks fall, every connection counts once, whether the log tells of it or not', () => {
  const life = fc.record({
    user: fc.constantFrom('a', 'b'),
    from: fc.integer({ min: 0, max: 60_000 }),
    forMs: fc.integer({ min: 0, max: 30_000 }),
    logged: fc.boolean(),
    late: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(life, { maxLength: 30 }), (lives) => {
      const aggregator = createAggregator(intervalMs);
      for (let at = 0; at <= 100_000; at += intervalMs) {
        const sessions = lives.flatMap(({ user, from, forMs }, pid) =>
          from <= at && at < from + forMs ? [aSession({ pid, user, startedAt: noon + from })] : [],
        );
        const logged = lives.flatMap(({ user, from, logged: isLogged, late }, pid) => {
          const read = Math.ceil(from / intervalMs) * intervalMs + (late ? intervalMs : 0);
          return isLogged && read === at ? [aConnection({ pid, user })] : [];
        });
        aggregator.add({ sessions, logged, problems: [] }, noon + at);
      }
      const seen = lives.filter(({ from, forMs, logged }) => {
        const look = Math.ceil(from / intervalMs) * intervalMs;
        return logged || look < from + forMs;
      });
      const { principals } = aggregator.take();
      for (const user of ['a', 'b']) {
        const want = seen.filter((one) => one.user === user).length;
        expect(principals.find((one) => one.user === user)?.count ?? 0).toBe(want);
      }
      expect(new Set(principals.map(keyOf)).size).toBe(principals.length);
    }),
  );
});
