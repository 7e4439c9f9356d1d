/** Hosts on which not everything is there. */
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Captured, ChangeStep, Target } from '../../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../../worker/stack/cluster.ts';
import { run } from '../../../../worker/stack/run.ts';
import { freePort } from '../../../../worker/stack/ports.ts';
import { targetOf } from '../server.ts';

describe('a server without initdb beside it', () => {
  let cluster: Cluster;
  let folder = '';
  let records = '';
  let target: Target;
  let before: Captured;
  beforeAll(async () => {
    cluster = await createCluster({ major: 16, start: false, port: await freePort() });
    folder = mkdtempSync('/var/tmp/knowngood-programs-');
    records = mkdtempSync(join(tmpdir(), 'knowngood-records-'));
    const { bin, systemUser } = cluster;
    await run('cp', ['-a', `${dirname(bin)}/.`, folder], { cwd: '/' });
    rmSync(join(folder, 'bin/initdb'));
    if (systemUser) await run('chown', ['-R', `${systemUser.uid}:${systemUser.gid}`, folder], { cwd: '/' });
    mkdirSync(cluster.socketDir, { recursive: true });
    if (systemUser) chownSync(cluster.socketDir, systemUser.uid, systemUser.gid);
    const options = `-p ${cluster.port} -k '${cluster.socketDir}'`;
    const words = cluster.pgCtl('start', '-w', '-o', options).map((word) => word.replace(bin, join(folder, 'bin')));
    const [command = '', ...args] = words;
    const started = await run(command, args, { cwd: '/' });
    if (started.code !== 0) throw new Error(started.output);
    target = targetOf(cluster);
    before = await target.capture();
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.remove();
    for (const path of [folder, records]) rmSync(path, { recursive: true, force: true });
  });
  const rehearsed = (line: string) => {
    const path = join(cluster.dataDir, 'postgresql.conf');
    const base64 = Buffer.from(line).toString('base64');
    const steps: ChangeStep[] = [{ do: 'write-file', path, base64, expectDigest: null }];
    return target.rehearse({ before, plan: { steps }, principals: [], records, folder: null, timeoutMs: 60_000 });
  };

  it('is read, and said not to have been started', async () => {
    const { findings, problems } = await rehearsed('work_mem = 5MB\n');
    expect(problems).toEqual([]);
    expect(findings).toMatchObject([
      { what: 'the candidate is read (postgres -C)', ok: true },
      { what: 'the candidate starts', ok: null, problem: { code: 'no-initdb' } },
    ]);
    expect(readdirSync(records)).toEqual([]);
  });

  it('still finds what a reader finds', async () => {
    expect((await rehearsed('work_mem = 5MB\nno_such = 1\n')).problems).toMatchObject([
      { message: `${cluster.dataDir}/postgresql.conf line 2: unrecognized configuration parameter "no_such"` },
    ]);
  });

  it('is left alone once its program was replaced', async () => {
    rmSync(join(folder, 'bin/postgres'));
    const { findings, problems } = await rehearsed('work_mem = 5MB\n');
    expect(problems).toEqual([]);
    expect(findings).toMatchObject([{ ok: null, problem: { code: 'cannot-rehearse' } }]);
  });
});
