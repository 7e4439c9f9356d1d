/** Debian's layout: the configuration in a folder of its own, the data elsewhere, and files beside it that start the server. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../../worker/stack/run.ts';
import { freePort } from '../../../worker/stack/ports.ts';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { selfSigned } from '../../support/certificate.ts';
import { applied, query, reverted, targetOf } from './server.ts';

/** With the data directory named in the file, as Debian does, and with the file named on the command line alone. */
describe.each([
  ['data_directory in postgresql.conf', 17, true],
  ['config_file on the command line', 14, false],
] as const)('%s', (_, major, named) => {
  let cluster: Cluster;
  let target: Target;
  let home: string;
  let before: Captured;

  beforeAll(async () => {
    const port = await freePort();
    cluster = await createCluster({ major, start: false, port });
    const top = await mkdtemp('/tmp/knowngood-debian-');
    home = join(top, 'etc/postgresql', String(major), 'main');
    await mkdir(join(home, 'conf.d'), { recursive: true });
    await chmod(top, 0o755);
    for (const name of ['postgresql.conf', 'pg_hba.conf', 'pg_ident.conf'])
      await rename(join(cluster.dataDir, name), join(home, name));
    const { certificate, key } = selfSigned('debian');
    await mkdir(join(top, 'etc/ssl'));
    await write('environment', "# LC_ALL = 'C'\nPGPASSWORD = 'hunter2'\n");
    await write('pg_ctl.conf', "pg_ctl_options = ''\n");
    await write('start.conf', 'auto\n');
    await write('../../../ssl/server.pem', certificate);
    await write('../../../ssl/server.key', key, 0o600);
    await write(
      'conf.d/tls.conf',
      `ssl = on\nssl_cert_file = '${top}/etc/ssl/server.pem'\nssl_key_file = '${top}/etc/ssl/server.key'\n`,
    );
    const main = await readFile(join(home, 'postgresql.conf'), 'utf8');
    const places = `data_directory = '${cluster.dataDir}'\nhba_file = '${home}/pg_hba.conf'\nident_file = '${home}/pg_ident.conf'\n`;
    await write(
      'postgresql.conf',
      `${main}include_dir = 'conf.d'\n${named ? places : places.split('\n').slice(1).join('\n')}`,
    );
    await own(top);
    await mkdir(cluster.socketDir, { recursive: true });
    await own(cluster.socketDir);
    const options = `-c config_file=${home}/postgresql.conf -p ${port} -k '${cluster.socketDir}'`;
    const [command = '', ...args] = cluster.pgCtl('start', '-w', '-o', options);
    const started = await run(command, args, { cwd: '/' });
    if (started.code !== 0) throw new Error(started.output + (await readFile(cluster.logFile, 'utf8')));
    target = targetOf({ ...pick(cluster), port } as Cluster);
    before = await target.capture();
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.remove();
    await rm(dirname(dirname(dirname(dirname(home)))), { recursive: true, force: true });
  });

  const pick = (from: Cluster): Partial<Cluster> => ({
    dataDir: from.dataDir,
    password: from.password,
    pgCtl: (...args: string[]) => from.pgCtl(...args),
  });

  async function write(path: string, text: string, mode = 0o644): Promise<void> {
    await writeFile(join(home, path), text, { mode });
    await chmod(join(home, path), mode);
    if (cluster.systemUser) await chown(join(home, path), cluster.systemUser.uid, cluster.systemUser.gid);
  }

  async function own(folder: string): Promise<void> {
    const user = cluster.systemUser;
    if (user) await run('chown', ['-R', `${user.uid}:${user.gid}`, folder], { cwd: '/' });
  }

  async function state(): Promise<readonly string[]> {
    const names = (await readdir(home, { recursive: true }))
      .sort()
      .filter((name) => /\./.test(name) || name === 'environment');
    const files = names.filter((name) => name !== 'conf.d');
    return Promise.all(
      files.map(async (name) => {
        const { mode, uid, gid } = await stat(join(home, name));
        return `${name} ${mode.toString(8)} ${uid}:${gid} ${await readFile(join(home, name), 'latin1')}`;
      }),
    );
  }

  it('holds every file, each by its role, and shows no secret', () => {
    expect(before.dirty).toEqual([]);
    const roles = Object.fromEntries(before.snapshot?.sections.files.map(({ path, role }) => [path, role]) ?? []);
    expect(roles).toMatchObject({
      [join(home, 'postgresql.conf')]: 'main',
      [join(home, 'conf.d/tls.conf')]: 'include',
      [join(home, 'pg_hba.conf')]: 'hba',
      [join(home, 'pg_ident.conf')]: 'ident',
      [join(home, 'environment')]: 'debian',
      [join(home, 'pg_ctl.conf')]: 'debian',
      [join(home, 'start.conf')]: 'debian',
      [join(dirname(dirname(dirname(home))), 'ssl/server.pem')]: 'tls',
      [join(dirname(dirname(dirname(home))), 'ssl/server.key')]: 'secret',
      [join(cluster.dataDir, 'postgresql.auto.conf')]: 'auto',
    });
    expect(JSON.stringify(before.snapshot)).not.toContain('hunter2');
  });

  it('puts all of them back, those that start the server included', async () => {
    const files = await state();
    await write('start.conf', 'manual\n');
    await write('environment', "PGPASSWORD = 'other'\n", 0o600);
    await write('conf.d/memory.conf', 'work_mem = 77MB\n');
    await write('pg_hba.conf', 'local all all reject\n');
    await query(cluster, 'select pg_reload_conf()').catch(() => undefined);
    const report = await reverted(target, before, null);
    expect(report.remaining).toEqual([]);
    expect(await state()).toEqual(files);
    expect(report.after?.snapshot?.id).toBe(before.snapshot?.id);
  });

  it('is told of a change of its settings by its own files', async () => {
    const files = await state();
    await applied(target, before, {
      kind: 'config',
      settings: { work_mem: '9MB' },
      files: { 'conf.d/more.conf': 'geqo = off\n' },
    });
    expect((await state()).some((line) => line.startsWith('conf.d/more.conf'))).toBe(true);
    expect((await reverted(target, before, await target.capture())).remaining).toEqual([]);
    expect(await state()).toEqual(files);
  });

  it('is rehearsed in a tree of its own, absolute paths and all', async () => {
    const files = await state();
    const records = await mkdtemp('/tmp/knowngood-records-');
    const change = {
      kind: 'config',
      settings: { max_connections: 42 },
      hba: [{ add: 'hostssl all postgres 127.0.0.7/32 reject', before: 'host all postgres 127.0.0.0/8 scram-sha-256' }],
      files: { 'conf.d/more.conf': `geqo = off\ninclude '${home}/conf.d/tls.conf'\n` },
      restart: 'allowed',
    } as const;
    const planned = await target.plan(before, change, {
      settings: ['ssl_cert_file', 'ssl_key_file'],
      paths: [],
      sql: false,
    });
    if (planned.kind === 'refused') throw new Error(JSON.stringify(planned.problems, null, 2));
    const principals = ['127.0.0.1', '127.0.0.7'].map((address) => ({
      user: 'postgres',
      database: 'postgres',
      address,
      tls: true,
    }));
    const limits = { records, folder: null, timeoutMs: 60_000 };
    const { findings, problems } = await target.rehearse({ before, plan: planned.plan, principals, ...limits });
    expect(problems.map(({ message }) => message)).toEqual([
      'the candidate denies postgres@postgres from 127.0.0.7 with TLS',
    ]);
    expect(findings.filter(({ ok }) => ok !== true)).toHaveLength(1);
    expect(findings).toContainEqual({ what: 'postgres@postgres from 127.0.0.1 with TLS logs in', ok: true });
    expect(findings.at(-1)).toEqual({ what: 'the revert leads back, exactly', ok: true });
    expect(await state()).toEqual(files);
    expect(await readdir(records)).toEqual([]);
    await rm(records, { recursive: true });
  });
});
