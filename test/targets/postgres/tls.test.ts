/** TLS files: part of the snapshot, judged before a reload, and proven by a handshake on a new connection. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { X509Certificate, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findPostmaster } from '../../../targets/postgres/postmaster.ts';
import { fingerprintOf, servedBy } from '../../../targets/postgres/tls-served.ts';
import type { Captured, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { type Certificate, selfSigned } from '../../support/certificate.ts';
import { edit, filesOf, nothingAllowed, query, reverted, silent, targetOf, unfenced } from './server.ts';

const first = selfSigned('first');
const second = selfSigned('second');

describe.each([14, 17, 18] as const)('PostgreSQL %i', (major) => {
  let cluster: Cluster;
  let target: Target;
  let before: Captured;

  beforeAll(async () => {
    cluster = await createCluster({ major, start: false });
    await install(first);
    await mkdir(join(cluster.dataDir, 'crl'));
    await edit(cluster, 'ca.pem', () => first.certificate);
    await edit(
      cluster,
      'postgresql.conf',
      (text) =>
        `${text}ssl = on\nssl_ca_file = 'ca.pem'\nssl_crl_dir = 'crl'\nkrb_server_keyfile = 'FILE:server.keytab'\n`,
    );
    await edit(cluster, 'server.keytab', () => 'a keytab\n');
    await chmod(join(cluster.dataDir, 'server.keytab'), 0o600);
    await cluster.start();
    target = targetOf(cluster);
    before = await target.capture();
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.remove();
  });

  async function install({ certificate, key }: Certificate, mode = 0o600): Promise<void> {
    await edit(cluster, 'server.crt', () => certificate);
    await edit(cluster, 'server.key', () => key);
    await chmod(join(cluster.dataDir, 'server.key'), mode);
  }

  async function served(): Promise<string> {
    const answer = await servedBy(await findPostmaster(cluster.dataDir));
    return answer.kind === 'served' ? answer.fingerprint : answer.kind;
  }

  const of = ({ certificate }: Certificate): string => fingerprintOf(new X509Certificate(certificate).raw);
  const reload = (): Promise<unknown> => query(cluster, 'select pg_reload_conf()');
  const codes = async (): Promise<readonly string[]> => (await target.capture()).dirty.map(({ code }) => code);
  const tlsFiles = async (): Promise<readonly string[]> =>
    Promise.all(
      ['server.crt', 'server.key', 'ca.pem', 'server.keytab'].map(async (name) => {
        const { mode, uid, gid } = await stat(join(cluster.dataDir, name));
        return `${name} ${mode.toString(8)} ${uid}:${gid} ${await readFile(join(cluster.dataDir, name), 'utf8')}`;
      }),
    );

  it('holds them, the secret ones by a keyed digest alone', async () => {
    expect(before.dirty).toEqual([]);
    const entries = before.snapshot?.sections.files ?? [];
    const entry = (name: string) => entries.find(({ path }) => path === join(cluster.dataDir, name));
    expect(entry('server.crt')).toMatchObject({
      role: 'tls',
      text: first.certificate,
      digest: expect.stringMatching(/^sha256:/),
    });
    expect(entry('ca.pem')).toMatchObject({ role: 'tls' });
    for (const name of ['server.key', 'server.keytab'])
      expect(entry(name)).toMatchObject({
        role: 'secret',
        text: null,
        mode: '0600',
        digest: expect.stringMatching(/^hmac:/),
      });
    expect(JSON.stringify(before.snapshot)).not.toContain('PRIVATE KEY');
    expect(JSON.stringify(before.snapshot)).not.toContain('a keytab');
    expect(before.files.find(({ path }) => path.endsWith('server.key'))?.bytes.toString()).toBe(first.key);
  });

  it('puts a rotated certificate and its key back, and sees the old one served', async () => {
    const files = await tlsFiles();
    await install(second, 0o400);
    await edit(cluster, 'crl/1a2b3c4d.r0', () => 'a revocation list\n');
    await reload();
    expect(await served()).toBe(of(second));
    const change = await target.capture();
    expect(change.dirty).toEqual([]);
    const report = await reverted(target, before, change);
    expect(report.remaining).toEqual([]);
    expect(report.conflicts).toEqual([]);
    expect(report.proof).toContain('TLS: the server serves the certificate on disk, and its key fits');
    expect(await tlsFiles()).toEqual(files);
    expect(await served()).toBe(of(first));
    expect(report.after?.snapshot?.id).toBe(before.snapshot?.id);
    expect(JSON.stringify([report.items, report.proof])).not.toContain('PRIVATE KEY');
  });

  it('notices a reload that the server could not follow, and mends it', async () => {
    await edit(cluster, 'server.crt', () => second.certificate);
    await reload();
    const change = await target.capture();
    expect(change.dirty.map(({ code }) => code)).toEqual(['tls-would-not-load', 'tls-not-loaded']);
    expect(change.dirty[0]?.message).toContain('does not belong to the certificate');
    expect(await served()).toBe(of(first));
    expect((await reverted(target, before, change)).remaining).toEqual([]);
    expect(await codes()).toEqual([]);
  });

  it.each([
    ['a key that others may read', 'server.key', null, 0o644, 'may be read by others'],
    ['a key that is none', 'server.key', 'nonsense\n', 0o600, 'holds no private key'],
    ['a certificate that is none', 'server.crt', 'nonsense\n', 0o600, 'holds no certificate'],
    ['a CA that is none', 'ca.pem', 'nonsense\n', 0o600, 'does not hold what it should'],
  ] as const)('finds %s before the server is told, and it would not load', async (_, name, content, mode, words) => {
    const logged = (await readFile(cluster.logFile, 'utf8')).length;
    if (content !== null) await edit(cluster, name, () => content);
    await chmod(join(cluster.dataDir, name), mode);
    const change = await target.capture();
    expect(change.dirty.find(({ code }) => code === 'tls-would-not-load')?.message).toContain(words);
    await reload();
    expect(await served()).toBe(of(first));
    expect((await readFile(cluster.logFile, 'utf8')).slice(logged)).toContain('SSL configuration was not reloaded');
    const report = await reverted(target, before, change);
    expect(report.remaining).toEqual([]);
    expect(report.after?.snapshot?.id).toBe(before.snapshot?.id);
  });

  const settings = [
    [
      'an order of protocols',
      "ssl_min_protocol_version = 'TLSv1.3'\nssl_max_protocol_version = 'TLSv1.2'",
      'is higher',
    ],
    ...(major < 18 ? ([['a curve', 'ssl_ecdh_curve = X25519', 'names no curve']] as const) : []),
  ] as const;
  it.each(settings)(
    'finds %s that cannot be, which the server says nowhere but in its log',
    async (_, lines, words) => {
      const logged = (await readFile(cluster.logFile, 'utf8')).length;
      await edit(cluster, 'postgresql.conf', (text) => `${text}${lines}\n`);
      await reload();
      const change = await target.capture();
      expect((await readFile(cluster.logFile, 'utf8')).slice(logged)).toContain('SSL configuration was not reloaded');
      expect(change.dirty).toMatchObject([{ code: 'tls-would-not-load', message: expect.stringContaining(words) }]);
      expect((await reverted(target, before, change)).remaining).toEqual([]);
      expect(await codes()).toEqual([]);
    },
  );

  it('says so when a file is gone, and puts it back', async () => {
    await rm(join(cluster.dataDir, 'server.key'));
    const change = await target.capture();
    expect(change.dirty).toMatchObject([
      { code: 'tls-would-not-load', message: expect.stringMatching(/is not there/) },
    ]);
    expect((await reverted(target, before, change)).remaining).toEqual([]);
    expect((await stat(join(cluster.dataDir, 'server.key'))).mode & 0o777).toBe(0o600);
  });

  it('refuses to apply a certificate that does not fit the key, and leaves the reload to nobody', async () => {
    const files = await filesOf(cluster);
    const planned = await target.plan(
      before,
      { kind: 'config', files: { 'server.crt': second.certificate } },
      nothingAllowed,
    );
    if (planned.kind === 'refused') throw new Error(JSON.stringify(planned.problems));
    expect(planned.plan.summary).toMatchObject({ risk: 'high', effect: 'reconnect' });
    await expect(target.apply(planned.plan, unfenced, silent)).rejects.toMatchObject({
      problem: { code: 'tls-would-not-load' },
    });
    expect(await served()).toBe(of(first));
    expect((await reverted(target, before, null)).remaining).toEqual([]);
    expect(await filesOf(cluster)).toEqual(files);
  });

  it('never takes a key from afar', async () => {
    const change = { kind: 'config', files: { 'server.key': randomBytes(8).toString('hex') } } as const;
    expect(await target.plan(before, change, nothingAllowed)).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'path-not-allowed' }],
    });
  });

  it('keeps what somebody else installed after the change beside, and restores the known-good pair', async () => {
    const third = selfSigned('third');
    await install(second);
    await reload();
    const change = await target.capture();
    await install(third);
    await reload();
    const report = await reverted(target, before, change, { changeId: 'rotate' });
    expect(report.remaining).toEqual([]);
    expect(report.conflicts.length).toBe(2);
    expect(await served()).toBe(of(first));
    const beside = join(cluster.dataDir, 'server.key.knowngood-theirs-rotate');
    expect(await readFile(beside, 'utf8')).toBe(third.key);
    expect((await stat(beside)).mode & 0o777).toBe(0o600);
    await rm(beside);
    await writeFile(join(cluster.dataDir, 'server.crt.knowngood-theirs-rotate'), '');
  });
});
