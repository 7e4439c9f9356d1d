/** The shop on a real server: what its services answer before, during and after a configuration that denies one of them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { request } from 'undici';
import { differences, readConfiguration } from '../../demo/configuration.ts';
import { startShopServer, type ShopServer } from '../../demo/shop/database-server.ts';
import { openShop, type Shop } from '../../demo/shop/shop.ts';
import { upgrade } from '../../demo/upgrade/upgrade.ts';
import { eventually } from './eventually.ts';

let folder: string;
let server: ShopServer;
let shop: Shop;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knowngood-shop-'));
  server = await startShopServer();
  const { cluster, passwords } = server;
  shop = await openShop({ host: cluster.host, port: cluster.port, passwords, pictures: join(folder, 'pictures') });
}, 60_000);

afterAll(async () => {
  await shop?.close();
  await server?.cluster.remove();
  await rm(folder, { recursive: true, force: true });
});

const statusOf = async (url: string): Promise<number> => {
  const { statusCode, body } = await request(url);
  await body.dump();
  return statusCode;
};

const sessionsOf = async (role: string): Promise<{ client_addr: string; pid: number }[]> => {
  const admin = new pg.Client({ connectionString: server.cluster.url() });
  await admin.connect();
  const text = 'select client_addr, pid from pg_stat_activity where usename = $1 order by pid';
  const { rows } = await admin.query<{ client_addr: string; pid: number }>(text, [role]);
  await admin.end();
  return rows;
};

describe('the shop on an ordinary day', () => {
  it('shows a product page whose picture is a real PNG', async () => {
    const { body } = await request(`${shop.app}/product/7`);
    const image = /<img src="([^"]+)"/.exec(await body.text())?.[1];
    expect(image).toBe(`${shop.cdn}/img/7`);
    const picture = await request(image ?? '');
    expect(picture.headers['content-type']).toBe('image/png');
    expect(
      Buffer.from(await picture.body.arrayBuffer())
        .subarray(0, 8)
        .toString('latin1'),
    ).toBe('\x89PNG\r\n\x1a\n');
  });

  it('answers the second request for a picture from the cache', async () => {
    await statusOf(`${shop.cdn}/img/200`);
    const { headers, body } = await request(`${shop.cdn}/img/200`);
    await body.dump();
    expect(headers['x-cache']).toBe('HIT');
  });

  it('answers 404 for what it does not have', async () => {
    for (const url of [`${shop.app}/product/9999`, `${shop.cdn}/img/9999`, `${shop.images}/img/x`, `${shop.app}/`]) {
      expect(await statusOf(url)).toBe(404);
    }
  });

  it('connects each service from its own address, by connections that stay', async () => {
    const before = await sessionsOf('image_svc');
    expect(before.map(({ client_addr }) => client_addr)).toEqual(Array(4).fill('127.0.2.20'));
    expect((await sessionsOf('app_svc')).map(({ client_addr }) => client_addr)).toEqual(Array(4).fill('127.0.1.10'));
    await statusOf(`${shop.images}/img/1`);
    expect(await sessionsOf('image_svc')).toEqual(before);
  });

  it('does not let one service read what belongs to the other', async () => {
    const { host, port } = server.cluster;
    const password = server.passwords.app_svc;
    const client = new pg.Client({ host, port, database: 'shop', user: 'app_svc', password });
    await expect(client.connect()).rejects.toMatchObject({ code: '28000' });
  });
});

describe('the upgrade of April 12', () => {
  it('takes the pictures away, spares the pages, and lets the CDN hide what it has cached', async () => {
    const { dataDir } = server.cluster;
    const before = await readConfiguration(dataDir);
    const old = {
      conf: await readFile(join(dataDir, 'postgresql.conf')),
      hba: await readFile(join(dataDir, 'pg_hba.conf')),
    };
    const said: string[] = [];
    await statusOf(`${shop.cdn}/img/100`);

    await upgrade({ variant: 'outage', configDir: dataDir, restart: server.restart }, (line) => said.push(line));

    expect(said).toContain(`Installing new version of config file ${join(dataDir, 'pg_hba.conf')} ...`);
    expect(differences(before, await readConfiguration(dataDir))).toEqual(['pg_hba.conf', 'postgresql.conf']);
    await eventually(async () => expect(await statusOf(`${shop.app}/product/1`)).toBe(200));
    expect(await statusOf(`${shop.images}/img/101`)).toBe(503);
    expect(await statusOf(`${shop.cdn}/img/101`)).toBe(502);
    expect(await statusOf(`${shop.cdn}/img/100`)).toBe(200);
    await eventually(async () => {
      expect(shop.saw().brokenImages).toBeGreaterThan(0);
      expect(shop.saw().hiddenByCdn).toBeGreaterThan(0);
    });

    await writeFile(join(dataDir, 'postgresql.conf'), old.conf);
    await writeFile(join(dataDir, 'pg_hba.conf'), old.hba);
    const [file = '', ...args] = server.restart;
    await promisify(execFile)(file, args);
    await eventually(async () => expect(await statusOf(`${shop.cdn}/img/102`)).toBe(200));
    // Same bytes, but the upgrade's mode: the demo's own eye sees that, too.
    expect((await stat(join(dataDir, 'pg_hba.conf'))).mode & 0o777).toBe(0o640);
    expect(differences(before, await readConfiguration(dataDir))).toEqual(['pg_hba.conf', 'postgresql.conf']);
  });

  it('fails, with its files in place, when the server does not start with them', async () => {
    const { dataDir } = server.cluster;
    const upgrading = upgrade({ variant: 'wont-start', configDir: dataDir, restart: server.restart }, () => {});
    await expect(upgrading).rejects.toThrow();
    expect(await readFile(join(dataDir, 'postgresql.conf'), 'utf8')).toContain('old_snapshot_threshold');
    expect(await statusOf(`${shop.app}/product/1`)).toBe(503);
  });
});
