/** `access list` and `access suggest` on a real store; what is suggested is read again by the loader. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
import type { ObservedPrincipal } from '../../domain/access/observed.ts';
import type { KnowngoodConfig } from '../../domain/config.ts';
import { createStore } from '../../store/postgres-store.ts';
import { command } from '../support/cli.ts';
import { useCluster } from '../support/cluster.ts';
import { query, targetOf } from '../targets/postgres/server.ts';

const cluster = useCluster();
const folder = mkdtempSync(join(tmpdir(), 'knowngood-access-'));
const configFile = join(folder, 'knowngood.yaml');
const targets = 'targets:\n  shop-db: { connection: postgresql://watcher@10.0.0.5/postgres?sslmode=verify-full }\n';
const run = (...args: readonly string[]) => command('access', ...args, '--config', configFile);

const noon = Date.UTC(2026, 2, 1, 12);

function aPrincipal(bend: Partial<ObservedPrincipal> = {}): ObservedPrincipal {
  return {
    user: 'image_svc',
    database: 'shop',
    address: '10.2.0.4',
    tls: true,
    replication: false,
    applicationName: 'images',
    firstSeen: noon,
    lastSeen: noon + 60_000,
    count: 1_204,
    ...bend,
  };
}

const crowd = Array.from({ length: 20 }, (_, at) =>
  aPrincipal({
    user: 'web',
    database: at < 10 ? 'shop' : 'reports',
    address: `10.3.0.${at + 1}`,
    tls: false,
    count: 1,
  }),
);
const principals = [
  aPrincipal(),
  aPrincipal({ user: 'Odd: {role}, #1 "\u001b[31m', database: "it's", address: 'fd00::1' }),
  aPrincipal({ user: 'cron', address: null, tls: false, applicationName: '', lastSeen: Date.now() }),
  aPrincipal({ user: 'postgres', address: '10.9.0.1', applicationName: 'psql' }),
  aPrincipal({ user: 'watcher', address: '10.9.0.2' }),
  aPrincipal({ user: 'standby', database: 'replication', replication: true, applicationName: 'walreceiver' }),
  ...crowd,
];

beforeAll(async () => {
  const { port, password } = cluster();
  const connection = `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=disable`;
  writeFileSync(join(folder, 'password'), password);
  writeFileSync(
    configFile,
    `${targets}store: { connection: '${connection}', password: '\${file:${join(folder, 'password')}}' }\n`,
  );
  await query(cluster(), 'create role image_svc login');
  const store = await createStore({ database: { connection, password: null }, password });
  const target = targetOf(cluster());
  const { snapshot } = await target.capture();
  if (snapshot !== null) await store.putSnapshot('shop-db', snapshot, Buffer.alloc(1), null);
  await store.addObserved('shop-db', principals);
  await store.addObserved('no-snapshot', [aPrincipal({ user: 'postgres' })]);
  await target.close();
  await store.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function loaded(yaml: string, target = 'shop-db'): KnowngoodConfig {
  const parsed = parseKnowngoodConfig(`${targets.replace('shop-db', target)}${yaml}`, 'knowngood.yaml');
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

describe('access list', () => {
  it('shows each principal in a line, fit for a terminal', async () => {
    const { code, out } = await run('list', 'shop-db');
    expect(code).toBe(0);
    const lines = out.split('\n');
    expect(lines).toHaveLength(1 + principals.length);
    expect(lines[0]).toMatch(/^USER +DATABASE +FROM +TLS +FIRST SEEN +LAST SEEN +COUNT +APPLICATION$/);
    expect(out).toMatch(
      /\nimage_svc +shop +10\.2\.0\.4 +yes +2026-03-01 12:00:00 UTC +2026-03-01 12:01:00 UTC +1204 +images\n/,
    );
    expect(out).toMatch(/\ncron +shop +socket +no /);
    expect(out).not.toContain('\u001b');
  });

  it('takes a time, and says as JSON what it says', async () => {
    const { out } = await run('list', 'shop-db', '--since', '1h', '--json');
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      target: 'shop-db',
      principals: [{ user: 'cron', address: null, count: 1_204, firstSeen: '2026-03-01T12:00:00.000Z' }],
    });
    expect(await run('list', 'other-db')).toMatchObject({ code: 0, out: 'nobody was seen to connect' });
  });
});

describe('access suggest', () => {
  it('prints dependents that knowngood.yaml takes as they are', async () => {
    const { code, out } = await run('suggest', 'shop-db');
    expect(code).toBe(0);
    const { dependents } = loaded(out);
    expect(dependents.map(({ name }) => name)).toEqual([
      'odd-role-1-31m',
      'cron',
      'image-svc',
      'web-reports',
      'web-shop',
    ]);
    expect(dependents.find(({ name }) => name === 'image-svc')).toMatchObject({
      uses: 'shop-db',
      access: [{ user: 'image_svc', database: 'shop', from: '10.2.0.4/32', tls: true, needs: [] }],
      checks: [
        {
          name: 'image-svc/login',
          kind: 'sql',
          level: 'required',
          user: 'image_svc',
          database: 'shop',
          sslmode: 'verify-full',
          password: '${file:/run/secrets/image_svc}',
        },
      ],
    });
    expect(dependents.find(({ name }) => name === 'web-shop')).toMatchObject({
      access: [{ user: 'web', database: 'shop', from: '10.3.0.0/28', tls: false, needs: [] }],
      checks: [{ sslmode: 'disable' }],
    });
    expect(dependents[0]?.access).toEqual([
      { user: principals[1]?.user, database: "it's", from: 'fd00::1/128', tls: true, needs: [] },
    ]);
    expect(out).toContain(
      '# 10 addresses from 10.3.0.1 to 10.3.0.10, written as the smallest network that holds them.',
    );
    expect(out).toContain('# It comes over the socket');
    expect(out).toContain('\n# Left out (a superuser): postgres\n');
    expect(out).toContain('\n# Left out (Knowngood itself): watcher');
    expect(out).toContain('\n# Left out (replication): standby\n');
  });

  it('says that superusers are not known without a snapshot', async () => {
    const { out } = await run('suggest', 'no-snapshot');
    expect(loaded(out, 'no-snapshot').dependents).toHaveLength(1);
    expect(out).toContain('# Superusers are not told from others: no snapshot of no-snapshot is stored');
  });

  it('leaves out whoever is declared, and is empty where nobody is left', async () => {
    const { out } = await run('suggest', 'shop-db', '--since', '1h');
    const declared = join(folder, 'declared.yaml');
    const store = readFileSync(configFile, 'utf8').slice(targets.length);
    writeFileSync(declared, `${targets}${store}${out}\n`);
    const again = await command('access', 'suggest', 'shop-db', '--since', '1h', '--config', declared);
    expect(loaded(again.out).dependents).toEqual([]);
    expect(again.out).toContain('# Left out (declared already): cron');
  });

  it('says the same as JSON', async () => {
    const { out } = await run('suggest', 'shop-db', '--json');
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      superusersKnown: true,
      leftOut: [{ user: 'postgres' }, {}, {}],
    });
  });
});
