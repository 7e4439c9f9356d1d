/** A `sql` check against a real server: each way a dependent can be let in or turned away, by its SQLSTATE. */
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { chown, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { resolveSecret } from '../../config/secrets.ts';
import type { SqlCheck } from '../../domain/check.ts';
import type { Measured } from '../../probes/measured.ts';
import { measureSql } from '../../probes/sql.ts';
import { run } from '../../worker/stack/run.ts';
import { selfSigned } from '../support/certificate.ts';
import { useCluster } from '../support/cluster.ts';
import { aSqlCheck } from './builders.ts';

const password = 'geheim-7c1f';
process.env['IMAGE_SVC_PASSWORD'] = password;
process.env['WRONG_PASSWORD'] = 'falsch-99aa';

const hba = `local all postgres trust
host  all       postgres   127.0.0.1/32  scram-sha-256
host  all       postgres   127.0.1.0/24  scram-sha-256
host  postgres  trusted    127.0.2.0/24  trust
host  postgres  cleartext  127.0.2.0/24  password
host  postgres  hashed     127.0.2.0/24  md5
host  all       all        127.0.2.9/32  reject
host  all       all        127.0.2.0/24  scram-sha-256
`;

const cluster = useCluster({ hba, settings: { max_connections: '20', password_encryption: 'scram-sha-256' } });

async function admin<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: cluster().url() });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

function ask(bent: Partial<SqlCheck> = {}): Promise<Measured> {
  const given = { port: cluster().port, sourceAddress: '127.0.2.1', password: '${env:IMAGE_SVC_PASSWORD}', ...bent };
  return measureSql(aSqlCheck(given), resolveSecret);
}

beforeAll(async () => {
  for (const role of ['image_svc', 'trusted', 'cleartext', 'hashed', 'lonely'])
    await admin(`create role ${role} login password '${password}'`);
  await admin(`create role asleep nologin password '${password}'`);
  await admin(`create table images (id int); create table open_images (id int); grant select on open_images to public`);
  await admin('create database closed');
  await admin('revoke connect on database closed from public');
});

/** Whatever a check did, its connection is gone. */
afterEach(async () => {
  const left = `select pid, state, query from pg_stat_activity where application_name = 'knowngood-probe'`;
  for (let tries = 0; (await admin(left)).length > 0; tries += 1) {
    if (tries === 40) throw new Error('a check left its connection open');
    await pause(50);
  }
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a dependent that is let in', () => {
  it('passes', async () => expect(await ask()).toEqual({ mark: 'pass', class: null, code: null, message: null }));

  it('passes by each way of giving the password', async () => {
    for (const user of ['cleartext', 'hashed']) expect(await ask({ user })).toMatchObject({ mark: 'pass' });
  });

  it('needs no password where none is asked for', async () =>
    expect(await ask({ user: 'trusted', password: null })).toMatchObject({ mark: 'pass' }));

  it('comes as its own role, from its own address', async () => {
    const query = `select 1 / (inet_client_addr() = '127.0.2.7' and current_user = 'image_svc')::int`;
    expect(await ask({ query, sourceAddress: '127.0.2.7' })).toMatchObject({ mark: 'pass' });
    expect(await ask({ query, sourceAddress: '127.0.2.8' })).toMatchObject({ mark: 'fail', code: '22012' });
  });

  it('cannot write', async () =>
    expect(await ask({ query: 'create table mine (id int)' })).toMatchObject({
      mark: 'fail',
      class: 'query',
      code: '25006',
    }));
});

describe('a dependent that is turned away', () => {
  for (const [name, bent, want] of [
    ['by a reject rule', { sourceAddress: '127.0.2.9' }, { class: 'access', code: '28000' }],
    ['by no rule at all', { sourceAddress: '127.0.3.1' }, { class: 'access', code: '28000' }],
    ['for its password', { password: '${env:WRONG_PASSWORD}' }, { class: 'access', code: '28P01' }],
    ['for its role, which does not exist', { user: 'nobody_svc' }, { class: 'access', code: '28P01' }],
    ['for its role, which may not log in', { user: 'asleep' }, { class: 'access', code: '28000' }],
    ['for want of a password, by SCRAM', { password: null }, { class: 'access', code: null }],
    ['for want of a password, by MD5', { user: 'hashed', password: null }, { class: 'access', code: null }],
    ['for want of CONNECT', { database: 'closed' }, { class: 'privilege', code: '42501' }],
    ['at the table', { query: 'select 1 from images' }, { class: 'privilege', code: '42501' }],
    ['by a database that is not there', { database: 'gone' }, { class: 'missing-database', code: '3D000' }],
    ['by a query that has become wrong', { query: 'select nothing' }, { class: 'query', code: '42703' }],
    ['by a slow query', { query: 'select pg_sleep(5)', timeoutMs: 300 }, { class: 'timeout' }],
  ] satisfies [string, Partial<SqlCheck>, Partial<Measured>][])
    it(`is told why: ${name}`, async () => expect(await ask(bent)).toMatchObject({ mark: 'fail', ...want }));

  it('is told of its own limit', async () => {
    await admin('alter role lonely connection limit 1');
    const holding = ask({ user: 'lonely', query: 'select pg_sleep(1)' });
    await pause(300);
    expect(await ask({ user: 'lonely' })).toMatchObject({ mark: 'fail', class: 'limits', code: '53300' });
    expect(await holding).toMatchObject({ mark: 'pass' });
  });

  it('is cut off in the middle as by a server that goes down', async () => {
    const running = ask({ query: 'select pg_sleep(3)' });
    await pause(300);
    await admin(`select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'`);
    expect(await running).toMatchObject({ mark: 'fail', class: 'starting-up', code: '57P01' });
  });
});

describe('trouble of the probe itself', () => {
  for (const [name, bent] of [
    ['a password that is not set', { password: '${env:NOT_SET_ANYWHERE}' }],
    ['a password file that is not there', { password: '${file:/nowhere/password}' }],
    ['a CA file that is not there', { sslmode: 'verify-full', sslrootcert: '/nowhere/ca.pem' }],
    ['an address that is not of this host', { sourceAddress: '192.0.2.1' }],
  ] satisfies [string, Partial<SqlCheck>][])
    it(`is no failure of the dependent: ${name}`, async () =>
      expect(await ask(bent)).toMatchObject({ mark: 'error', class: 'probe' }));

  it('is a view that was taken from everybody, and no denial', async () => {
    await admin('revoke select on pg_stat_activity from public');
    expect(await ask()).toMatchObject({ mark: 'error', code: 'pg_stat_activity' });
    await admin('grant select on pg_stat_activity to public');
    expect(await ask()).toMatchObject({ mark: 'pass' });
  });

  it('never borrows a password from the environment', async () => {
    process.env['PGPASSWORD'] = password;
    try {
      expect(await ask({ password: null })).toMatchObject({ mark: 'fail', class: 'access', code: null });
    } finally {
      delete process.env['PGPASSWORD'];
    }
  });
});

it('says no password, whatever happens', async () => {
  for (const bent of [
    { password: '${env:WRONG_PASSWORD}' },
    { sourceAddress: '127.0.2.9' },
    { database: 'gone' },
    { user: 'cleartext', password: '${env:WRONG_PASSWORD}' },
    { port: 1 },
    { sslmode: 'require' as const },
  ]) {
    const { mark, message } = await ask(bent);
    expect(mark).toBe('fail');
    expect(message).toBeTruthy();
    expect(message).not.toMatch(/geheim|falsch/);
  }
});

it('wants TLS from a server that has none: a failure of TLS', async () =>
  expect(await ask({ sslmode: 'require' })).toMatchObject({ mark: 'fail', class: 'tls' }));

describe('with TLS', () => {
  let ca = '';
  beforeAll(async () => {
    const { dataDir, systemUser: owner } = cluster();
    const { certificate, key } = selfSigned('localhost', { dns: ['localhost'], ipv4: ['127.0.0.1'] });
    ca = join(dataDir, 'server.crt');
    await writeFile(ca, certificate);
    await writeFile(join(dataDir, 'server.key'), key, { mode: 0o600 });
    if (owner) for (const file of ['server.crt', 'server.key']) await chown(join(dataDir, file), owner.uid, owner.gid);
    await writeFile(join(dataDir, 'other.crt'), selfSigned('other').certificate);
    await admin('alter system set ssl = on');
    await admin('select pg_reload_conf()');
    for (let tries = 0; tries < 50 && (await ask({ sslmode: 'require' })).mark !== 'pass'; tries += 1) await pause(50);
  });

  const encrypted = 'select 1 / ssl::int from pg_stat_ssl where pid = pg_backend_pid()';

  it('passes encrypted when encryption is all that is asked for', async () =>
    expect(await ask({ sslmode: 'require', query: encrypted })).toMatchObject({ mark: 'pass' }));

  it('verifies chain and name when told, by name and by address', async () => {
    for (const host of ['localhost', '127.0.0.1'])
      expect(await ask({ sslmode: 'verify-full', sslrootcert: ca, host, query: encrypted })).toMatchObject({
        mark: 'pass',
      });
  });

  it('trusts no certificate that nobody vouches for', async () =>
    expect(await ask({ sslmode: 'verify-full' })).toMatchObject({ mark: 'fail', class: 'tls' }));

  it('trusts none of another CA, for `require` with a CA file as well', async () => {
    const sslrootcert = join(cluster().dataDir, 'other.crt');
    for (const sslmode of ['require', 'verify-ca', 'verify-full'] as const)
      expect(await ask({ sslmode, sslrootcert })).toMatchObject({ mark: 'fail', class: 'tls' });
  });

  it('holds the name against the certificate only for verify-full', async () => {
    const elsewhere = { host: '127.0.0.2', sslrootcert: ca, sourceAddress: '127.0.2.1' };
    await admin(`alter system set listen_addresses = '127.0.0.1,127.0.0.2'`);
    await cluster().restart();
    expect(await ask({ ...elsewhere, sslmode: 'verify-ca' })).toMatchObject({ mark: 'pass' });
    expect(await ask({ ...elsewhere, sslmode: 'verify-full' })).toMatchObject({ mark: 'fail', class: 'tls' });
  });
});

describe('a server that is not up', () => {
  it('refuses while it is down, and is only starting or gone all through a restart', async () => {
    await cluster().stop();
    expect(await ask()).toMatchObject({ mark: 'fail', class: 'refused', code: 'ECONNREFUSED' });
    const seen = new Set<string>();
    let up = false;
    const starting = cluster()
      .start()
      .then(() => (up = true));
    while (!up) seen.add(String((await ask({ timeoutMs: 1_000 })).class));
    await starting;
    seen.delete('null');
    for (const kind of seen) expect(['refused', 'starting-up', 'network', 'timeout']).toContain(kind);
    expect(await ask()).toMatchObject({ mark: 'pass' });
  });

  it('says 57P03 while it recovers from a crash or shuts down', async () => {
    // A smart shutdown lets nobody in while somebody stays.
    const staying = new pg.Client({ connectionString: cluster().url() });
    await staying.connect();
    staying.on('error', () => undefined);
    await run(...command(cluster().pgCtl('stop', '-m', 'smart', '-W')));
    await pause(300);
    expect(await ask()).toMatchObject({ mark: 'fail', class: 'starting-up', code: '57P03' });
    await staying.end();
    await cluster().stop();
    await cluster().start();
  });

  it('accepts and then says nothing: a timeout, in time', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const closed = new Promise((resolve) =>
      silent.once('connection', (socket) => socket.resume().once('close', resolve)),
    );
    const beganAt = performance.now();
    const { port } = silent.address() as AddressInfo;
    expect(await ask({ port, timeoutMs: 300 })).toMatchObject({ mark: 'fail', class: 'timeout' });
    expect(performance.now() - beganAt).toBeLessThan(1_500);
    await closed;
    await new Promise((resolve) => silent.close(resolve));
  });
});

function command([program = '', ...args]: string[]): [string, string[], object] {
  return [program, args, { cwd: '/' }];
}
