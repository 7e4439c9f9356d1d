/** `init` on real servers: what it writes is read again by the loaders and the doctor, also with the comment marks gone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { parseAgentConfig } from '../../config/agent.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
import { debianCluster, unitIn } from '../../targets/postgres/survey-restart.ts';
import { command, startCommand } from '../support/cli.ts';
import { useCluster } from '../support/cluster.ts';

const hba = `local all all trust
host all postgres 127.0.0.1/32 scram-sha-256
host all weak 127.0.0.1/32 trust
hostssl shop image_svc 10.2.0.0/16 scram-sha-256
host shop,reports image_svc 127.0.0.0/8 trust
host all "Odd: {role}, #1" 10.9.0.4/32 scram-sha-256
host shop rejected 10.8.0.0/16 reject
hostnossl sameuser app_svc ::1/128 scram-sha-256
host all all 10.0.0.0/8 scram-sha-256
`;
const cluster = useCluster({ hba });
const folder = mkdtempSync(join(tmpdir(), 'knowngood-init-'));
const open: pg.Client[] = [];
const places = (name: string): string => join(folder, name);

beforeAll(async () => {
  const admin = new pg.Client(cluster().url());
  await admin.connect();
  for (const sql of [
    'create role image_svc login',
    'create role app_svc login',
    'create role rejected login',
    'create role quiet login',
    'create role weak login',
    'create role "Odd: {role}, #1" login',
    'create database shop',
    'create database app_svc',
  ])
    await admin.query(sql);
  await admin.end();
  const image = new pg.Client({
    host: '127.0.0.1',
    port: cluster().port,
    user: 'image_svc',
    database: 'shop',
    application_name: 'image storage',
  });
  // The server is gone before this file's own clean-up.
  image.on('error', () => undefined);
  await image.connect();
  open.push(image);
  await writeFile(places('password'), cluster().password);
  await chmod(places('password'), 0o600);
});
afterAll(async () => {
  for (const client of open) await client.end();
  rmSync(folder, { recursive: true, force: true });
});

const init = (...args: string[]): ReturnType<typeof command> =>
  command(
    'init',
    '--connection',
    `postgresql://postgres@127.0.0.1:${cluster().port}/postgres?sslmode=disable`,
    '--password',
    `\${file:${places('password')}}`,
    ...args,
  );

describe('init', () => {
  it('writes two files that are read again, with the services that it saw', async () => {
    const run = await init('--target', 'shop-db', '--folder', folder);
    expect(run).toMatchObject({ code: 0, out: `${places('knowngood.yaml')}\n${places('agent.yaml')}` });
    const text = await readFile(places('knowngood.yaml'), 'utf8');
    const read = parseKnowngoodConfig(text, 'knowngood.yaml');
    if (read.kind === 'invalid') throw new Error(JSON.stringify(read.problems));
    expect(Object.keys(read.value.targets)).toEqual(['shop-db']);
    const access = Object.fromEntries(read.value.dependents.map(({ name, access: list }) => [name, list]));
    expect(access).toEqual({
      'image-svc': [
        { user: 'image_svc', database: 'shop', from: '10.2.0.0/16', tls: true, needs: [] },
        { user: 'image_svc', database: 'shop', from: '127.0.0.0/8', tls: false, needs: [] },
        { user: 'image_svc', database: 'reports', from: '127.0.0.0/8', tls: false, needs: [] },
      ],
      'odd-role-1': [{ user: 'Odd: {role}, #1', database: 'app_svc', from: '10.9.0.4', tls: false, needs: [] }],
      'app-svc': [{ user: 'app_svc', database: 'app_svc', from: '::1', tls: false, needs: [] }],
      weak: [{ user: 'weak', database: 'app_svc', from: '127.0.0.1', tls: false, needs: [] }],
    });
    expect(text).toContain('call themselves image storage');
    expect(text).toMatch(/Roles that may log in, of whom nothing was seen: quiet, rejected/);
    expect(text).not.toContain(cluster().password);
    expect(parseAgentConfig(await readFile(places('agent.yaml'), 'utf8'), 'agent.yaml', {})).toMatchObject({
      kind: 'ok',
      value: { target: 'shop-db', stateDir: '/var/lib/knowngood/shop-db', restart: null, allow: { sql: false } },
    });
  });

  it('and what it keeps back as comments is right too, once the marks are gone', async () => {
    const uncommented = (text: string): string =>
      text.replace(
        /^( *)# ((?: *(?:checks|login|page|sql|http|level|team|revertMayRestart|store|temporal|commands|upgrade|allow|settings|paths|restart|keyFile):).*)$/gm,
        '$1$2',
      );
    for (const [name, parse] of [
      ['knowngood.yaml', parseKnowngoodConfig],
      ['agent.yaml', parseAgentConfig],
    ] as const) {
      const text = uncommented(await readFile(places(name), 'utf8'));
      const read = parse(text, name);
      expect(read.kind === 'invalid' ? [...read.problems, text] : []).toEqual([]);
      if (read.kind === 'ok' && 'dependents' in read.value)
        expect(read.value.dependents.flatMap(({ checks }) => checks)).toHaveLength(8);
      if (read.kind === 'ok' && 'restart' in read.value) expect(read.value.restart?.at(-1)).toBe('restart');
    }
  });

  it('what it wrote is understood by the doctor', async () => {
    const run = await command(
      'doctor',
      '--agent-config',
      places('agent.yaml'),
      '--config',
      places('knowngood.yaml'),
      '--json',
    );
    const { findings } = run.json() as { findings: { what: string; mark: string; text: string }[] };
    expect(findings.filter(({ what }) => what === 'configuration')).toEqual([expect.objectContaining({ mark: 'ok' })]);
    expect(findings).toContainEqual(
      expect.objectContaining({ what: 'agent shop-db', mark: 'ok', text: expect.stringContaining('can be guarded') }),
    );
  });

  it('overwrites nothing', async () => {
    const before = await readFile(places('knowngood.yaml'), 'utf8');
    rmSync(places('agent.yaml'));
    const run = await init('--folder', folder);
    expect(run).toMatchObject({ code: 1 });
    expect(run.err).toMatch(/knowngood\.yaml exists already\nDETAIL: {2}Nothing was written\./);
    expect(await readFile(places('knowngood.yaml'), 'utf8')).toBe(before);
    await expect(readFile(places('agent.yaml'))).rejects.toThrow('ENOENT');
  });

  it('takes no literal password, and repeats none', async () => {
    const inUrl = await command('init', '--connection', 'postgresql://a:hunter2@127.0.0.1/b');
    expect(inUrl).toMatchObject({ code: 1 });
    expect(inUrl.err).toMatch('--connection holds a password');
    const literal = await command('init', '--password', 'hunter2');
    expect(literal.err).toMatch('--password is not a reference');
    expect(inUrl.err + literal.err).not.toMatch('hunter2');
  });

  it('says what a weak role cannot see, and names a reference to PGPASSWORD', async () => {
    const inside = mkdtempSync(join(folder, 'weak-'));
    const connection = `postgresql://weak@127.0.0.1:${cluster().port}/postgres?sslmode=disable`;
    const run = await startCommand(['init', '--connection', connection, '--folder', inside, '--json'], {
      PGPASSWORD: 'x',
    }).done;
    expect(run).toMatchObject({ code: 1 });
    process.env['PGPASSWORD'] = 'x';
    try {
      const second = await startCommand(['init', '--connection', connection, '--folder', inside, '--json'], {
        PGPASSWORD: 'x',
      }).done;
      expect(second.code).toBe(0);
      expect(second.json()).toMatchObject({
        unseen: [expect.stringContaining('pg_read_all_settings'), expect.stringContaining('pg_hba.conf')],
      });
      expect(await readFile(join(inside, 'agent.yaml'), 'utf8')).toContain("password: '${env:PGPASSWORD}'");
    } finally {
      delete process.env['PGPASSWORD'];
    }
  });
});

describe('how a server is restarted', () => {
  it.each([
    ['/etc/postgresql/17/main/postgresql.conf', '/srv/pg', { major: '17', name: 'main' }],
    ['/srv/pg/postgresql.conf', '/var/lib/postgresql/16/reports', { major: '16', name: 'reports' }],
    ['/var/lib/postgresql/18/docker/postgresql.conf', '/var/lib/postgresql/18/docker', null],
    ['/srv/pg/postgresql.conf', '/srv/pg', null],
  ])('%s with %s', (config, data, cluster_) => {
    expect(debianCluster(config, data)).toEqual(cluster_);
  });

  it('is told by its systemd unit', () => {
    expect(unitIn('0::/system.slice/postgresql-17.service\n')).toBe('postgresql-17');
    expect(unitIn('0::/system.slice/system-postgresql.slice/postgresql@17\\x2dmain.service\n')).toBe(
      'postgresql@17-main',
    );
    expect(unitIn('0::/user.slice/session-3.scope\n')).toBeNull();
  });
});
