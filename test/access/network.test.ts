/** Rules about networks beside a real server that has them: a network namespace with 10.x and fd00:: addresses of its own. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { readHba } from '../../domain/access/file-rules.ts';
import { firstMatch } from '../../domain/access/match.ts';
import type { StartupAnswer, StartupProbe } from '../../targets/postgres/startup-message.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { buildOf, parse } from './house.ts';

const exec = promisify(execFile);
const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';
const seeded = full ? {} : { seed: 20240412 };
const files = full ? 200 : 8;
const asksEach = 25;

const namespace = `knowngood-${process.pid}`;
const canMake = process.getuid?.() === 0 && tried('ip', ['netns', 'add', namespace]);
const describeThere = canMake ? describe : describe.skip;
if (!canMake)
  console.warn('test/access: no network namespaces here, so rules about networks are asked on loopback only');

function tried(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const inside = (...words: string[]): Promise<unknown> => exec('ip', ['netns', 'exec', namespace, ...words]);

/** Address, mask, and further addresses of the same network to come from. */
const networks = [
  { own: '10.2.0.1', bits: 16, mask: '255.255.0.0', others: ['10.2.0.7', '10.2.200.3', '10.2.255.254'] },
  { own: '10.3.1.1', bits: 24, mask: '255.255.255.0', others: ['10.3.1.9'] },
  { own: 'fd00:2::1', bits: 64, mask: 'ffff:ffff:ffff:ffff::', others: ['fd00:2::7', 'fd00:2::ff:1'] },
] as const;
const loopbacks = [
  { address: parse('127.0.0.1'), mask: parse('255.0.0.0') },
  { address: parse('::1'), mask: parse('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff') },
];
/** Every address that the namespace has is one of its interfaces' own, with its network's mask. */
const interfaces = [
  ...loopbacks,
  ...networks.flatMap(({ own, mask, others }) =>
    [own, ...others].map((address) => ({ address: parse(address), mask: parse(mask) })),
  ),
];
const sources = [...networks.flatMap(({ own, others }) => [own, ...others]), '127.0.0.1', '127.5.0.9', '::1'];

const address = fc.constantFrom(
  'all',
  'samehost',
  'samenet',
  '10.0.0.0/8',
  '10.2.0.0/16',
  '10.2.0.0/24',
  '10.2.0.4/30',
  '10.2.128.0/17',
  '10.3.1.9/32',
  '10.2.0.0 255.255.255.248',
  '10.0.0.7 255.0.0.255',
  '0.0.0.0/0',
  '::/0',
  'fd00:2::/64',
  'fd00:2::/121',
  'fd00::/16',
  '::ffff:10.2.0.7/128',
  '127.0.0.0/8',
);
const user = fc.constantFrom('alice', 'bob');
const rule = fc
  .tuple(
    fc.constantFrom('all', 'alice', 'bob'),
    address,
    fc.constantFrom('trust', 'reject', 'scram-sha-256', 'md5', 'password'),
  )
  .map(([who, from, method]) => `host all ${who} ${from} ${method}`);
const asked = fc.record({ user, from: fc.constantFrom(...sources) });

describeThere('in a network namespace', () => {
  let cluster: Cluster;
  let sql: pg.Client;
  let marker = 0;

  beforeAll(async () => {
    await inside('ip', 'link', 'set', 'lo', 'up');
    for (const { own, bits, others } of networks)
      for (const one of [own, ...others])
        await inside('ip', 'address', 'add', `${one}/${bits}`, 'dev', 'lo', ...(one.includes(':') ? ['nodad'] : []));
    cluster = await createCluster({ major: 17, listenAddresses: '*' });
    // The server that comes back is the namespace's; its socket is reached from here all the same.
    const [command = '', ...args] = cluster.pgCtl('restart', '-m', 'fast', '-w');
    await inside(command, ...args);
    sql = new pg.Client({ host: cluster.socketDir, port: cluster.port, user: 'postgres', database: 'postgres' });
    await sql.connect();
    for (const name of ['alice', 'bob']) await sql.query(`create role ${name} login password 'secret'`);
  }, 60_000);
  afterAll(async () => {
    await sql?.end();
    await cluster?.remove();
    await exec('ip', ['netns', 'delete', namespace]);
  });

  /** In one process of the namespace: a startup message for each. */
  async function ask(probes: readonly StartupProbe[]): Promise<readonly StartupAnswer[]> {
    const module = join(packageRoot, 'dist', 'targets', 'postgres', 'startup-message.js');
    const script = `
      import { askStartup } from ${JSON.stringify(module)};
      let text = '';
      for await (const piece of process.stdin) text += piece;
      const answers = [];
      for (const probe of JSON.parse(text)) answers.push(await askStartup(probe));
      console.log(JSON.stringify(answers));`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    const child = spawn('ip', ['netns', 'exec', namespace, ...node], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(JSON.stringify(probes));
    let text = '';
    for await (const piece of child.stdout) text += String(piece);
    return JSON.parse(text) as StartupAnswer[];
  }

  async function load(lines: readonly string[]): Promise<ReturnType<typeof readHba>> {
    const path = join(cluster.dataDir, 'pg_hba.conf');
    const text = `local all postgres trust\n# ${(marker += 1)}\n${lines.join('\n')}\n`;
    writeFileSync(path, text);
    const { rows: before } = await sql.query<{ at: Date }>('select pg_conf_load_time() as at');
    await sql.query('select pg_reload_conf()');
    const isNew = `select pg_conf_load_time() > $1 as is`;
    for (let is = false; !is;) {
      const fresh = new pg.Client({
        host: cluster.socketDir,
        port: cluster.port,
        user: 'postgres',
        database: 'postgres',
      });
      await fresh.connect();
      is = (await fresh.query<{ is: boolean }>(isNew, [before[0]?.at])).rows[0]?.is === true;
      await fresh.end();
    }
    return readHba(path, { read: (name) => (name === path ? text : null), list: () => null }, buildOf(170000, false));
  }

  const kinds: Readonly<Record<string, string>> = {
    trust: 'ok',
    reject: 'denied',
    'scram-sha-256': 'sasl',
    md5: 'sasl',
    password: 'cleartext',
  };

  it(
    'each address meets the rule that is said, samehost and samenet too',
    async () => {
      let decisions = 0;
      const property = fc.asyncProperty(
        fc.array(rule, { minLength: 1, maxLength: 8 }),
        fc.array(asked, { minLength: asksEach, maxLength: asksEach }),
        async (lines, asks) => {
          const rules = (await load(lines)).flatMap(({ rule: one }) => one ?? []);
          const probes = asks.map(({ user: who, from }): StartupProbe => {
            const host = from.includes(':')
              ? from === '::1'
                ? '::1'
                : 'fd00:2::1'
              : from.startsWith('127.')
                ? '127.0.0.1'
                : '10.2.0.1';
            const at = { host, port: cluster.port, localAddress: from, tls: false, timeoutMs: 5_000 };
            return { ...at, user: who, database: 'postgres' };
          });
          const answers = await ask(probes);
          const facts = { versionNum: 170000, roleExists: () => true, isMember: () => false, interfaces };
          asks.forEach((one, at) => {
            const connecting = {
              user: one.user,
              database: 'postgres',
              address: parse(one.from),
              encryption: 'none',
              replication: false,
            } as const;
            const match = firstMatch(rules, connecting, facts);
            expect(match.kind).not.toBe('unknown');
            const expected = match.kind === 'rule' ? kinds[match.rule.method] : 'denied';
            expect({ one, is: answers[at]?.kind }).toEqual({ one, is: expected });
            decisions += 1;
          });
        },
      );
      await fc.assert(property, { numRuns: files, ...seeded });
      console.log(`networks: ${decisions} decisions`);
    },
    full ? 1_800_000 : 120_000,
  );
});
