/** The ways back: the lifeline is there before the first write, outlives what locks everybody out, and is let go at the end. */
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { rescueShow } from '../../agent/rescue.ts';
import type { ConfigChange } from '../../domain/change.ts';
import { requestReload } from '../../targets/postgres/activate.ts';
import { endpointOf } from '../../targets/postgres/endpoint.ts';
import { SqlChannel } from '../../targets/postgres/sql-channel.ts';
import { type Lab, caller, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { eventually } from '../support/processes.ts';

const cluster = useCluster();
const lab = useAgent(cluster);

/** A person's own session, open before anybody is locked out. */
const people: pg.Client[] = [];
afterEach(async () => {
  for (const person of people.splice(0)) await person.end().catch(() => undefined);
});

async function person(): Promise<pg.Client> {
  const client = new pg.Client(cluster().url());
  client.on('error', () => undefined);
  await client.connect();
  people.push(client);
  return client;
}

/** Process ids of the agent's sessions on the socket. */
async function onSocket(client: pg.Client): Promise<readonly number[]> {
  const query = `select pid from pg_stat_activity where application_name = 'knowngood agent' and client_addr is null`;
  return (await client.query<{ pid: number }>(query)).rows.map(({ pid }) => pid);
}

const nobody: ConfigChange = {
  kind: 'config',
  files: { 'pg_hba.conf': 'local all all reject\nhost all all all reject\n' },
};

/** In force, be it that the agent finds itself locked out. */
async function written(it: Lab, change: ConfigChange): Promise<void> {
  const { planHash } = await it.arm(change);
  const answer = await it.agent.apply({ ...caller, planHash, command: null });
  const lockedOut = answer.kind === 'failed' && answer.problems[0]?.code === 'agent-locked-out';
  if (answer.kind !== 'applied' && !lockedOut) throw new Error(JSON.stringify(answer));
}

async function reverted(it: Lab): Promise<readonly string[]> {
  const answer = await it.agent.revert({ ...caller, reason: 'check-failed', pipelineUnfinished: false });
  if (answer.kind !== 'reverted') throw new Error(JSON.stringify(answer));
  return answer.proof;
}

/** The postmaster first. */
function serverProcesses(dataDir: string): readonly number[] {
  const postmaster = Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(' ');
  return [postmaster, ...children.map(Number)];
}

describe('before the first write', () => {
  it('a session on the socket is open, and the answer and the journal name all three ways', async () => {
    const it = await lab();
    const client = await person();
    const { armed } = await it.arm({ kind: 'config', settings: { work_mem: '64MB' } });
    expect(await onSocket(client)).toHaveLength(1);
    const { socketDir, port, dataDir } = cluster();
    const ways = [
      { way: 'files', open: true, detail: dataDir },
      { way: 'lifeline', open: true, detail: `postgres@${socketDir}/.s.PGSQL.${port}/postgres` },
      { way: 'signal', open: true, detail: expect.stringMatching(/^process \d+$/) },
    ];
    expect(armed.waysBack).toEqual(ways);
    expect(it.state.journal.read()?.waysBack).toEqual(ways);
    expect(rescueShow(it.config)).toMatchObject({ kind: 'open', change: { waysBack: ways } });
    await reverted(it);
    await eventually('the lifeline is let go', async () => (await onSocket(client)).length === 0);
  });

  it('folders of included files are named too, and why one of them cannot be written', async () => {
    const it = await lab();
    const client = await person();
    const folder = (): string => mkdtempSync(join(tmpdir(), 'knowngood-include-'));
    const [writable, gone] = [folder(), folder()];
    const main = join(cluster().dataDir, 'postgresql.conf');
    const text = readFileSync(main, 'utf8');
    try {
      writeFileSync(join(writable, 'a.conf'), "application_name = 'a'\n", { mode: 0o644 });
      symlinkSync(join(writable, 'a.conf'), join(cluster().dataDir, 'a.conf'));
      writeFileSync(main, `${text}\ninclude 'a.conf'\n`);
      chmodSync(writable, 0o755);
      await client.query('select pg_reload_conf()');
      const live = await it.target.capture();
      rmSync(gone, { recursive: true });
      const elsewhere = live.files.map((file) => ({ ...file, path: join(gone, 'b.conf') }));
      const [files] = await it.target.waysBack({ ...live, files: [...live.files, ...elsewhere] });
      expect(files).toMatchObject({ way: 'files', open: true });
      const [writing, not] = files?.detail.split('; not ') ?? [];
      expect(writing).toBe(`${cluster().dataDir}, ${realpathSync(writable)}`);
      expect(not).toContain(`ENOENT: no such file or directory, access '${gone}'`);
    } finally {
      writeFileSync(main, text);
      rmSync(join(cluster().dataDir, 'a.conf'), { force: true });
      for (const each of [writable, gone]) rmSync(each, { recursive: true, force: true });
    }
  });

  it('where the socket does not let the agent in, it stands where the agent connects, and says why', async () => {
    const it = await lab();
    const hba = join(cluster().dataDir, 'pg_hba.conf');
    const client = await person();
    const rules = await client.query<{ text: string }>(`select pg_read_file('pg_hba.conf') as text`);
    writeFileSync(hba, 'local all all reject\nhost all all all scram-sha-256\n');
    await client.query('select pg_reload_conf()');
    try {
      const { armed } = await it.arm({ kind: 'config', settings: { work_mem: '64MB' } });
      expect(await onSocket(client)).toEqual([]);
      const place = `postgres@127.0.0.1:${cluster().port}/postgres`;
      const detail = expect.stringMatching(`^${place}; not .*/\\.s\\.PGSQL\\.\\d+/postgres: pg_hba.conf rejects`);
      expect(armed.waysBack?.[1]).toEqual({ way: 'lifeline', open: true, detail });
      await reverted(it);
    } finally {
      writeFileSync(hba, rules.rows[0]?.text ?? '');
      await client.query('select pg_reload_conf()');
    }
  });
});

describe('while nobody is let in any more', () => {
  it('the lifeline outlives a time-out of idle sessions, and asks for the reload', async () => {
    const it = await lab();
    const client = await person();
    await client.query('set idle_session_timeout = 0');
    const before = await it.configuration();
    await written(it, { ...nobody, settings: { idle_session_timeout: '50ms' } });
    const [line] = await onSocket(client);
    await eventually('every other session of the agent is timed out', async () => {
      const query = `select 1 from pg_stat_activity where application_name = 'knowngood agent' and client_addr is not null`;
      return (await client.query(query)).rowCount === 0;
    });
    expect(await onSocket(client)).toEqual([line]);
    const proof = await reverted(it);
    expect(proof).toContainEqual(
      expect.stringMatching(/^way back: files: 2 files put back; lifeline: reload asked for, postgres@.*PGSQL/),
    );
    expect(await it.configuration()).toEqual(before);
  });

  it('a lifeline that was ended is told, and the signal is the next way', async () => {
    const it = await lab();
    const client = await person();
    const before = await it.configuration();
    await written(it, nobody);
    const ended = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'knowngood agent'`;
    await client.query(ended);
    await eventually('the agent says so', async () =>
      it.log.lines.some((line) => /^ways back now: .*lifeline \(no: .*rejects/.test(line)),
    );
    const proof = await reverted(it);
    expect(proof).toContainEqual(
      expect.stringMatching(
        /^way back: files: 1 file put back; lifeline: no, .*; open session: no, none is open; signal: SIGHUP to process \d+$/,
      ),
    );
    expect(await it.configuration()).toEqual(before);
  });

  it('a frozen server keeps neither the signal nor the stop of the agent waiting', async () => {
    const it = await lab();
    await it.arm({ kind: 'config', settings: { work_mem: '64MB' } });
    const sql = new SqlChannel(endpointOf(it.config.database, cluster().password));
    await sql.fresh((session) => session.rows('select 1'));
    await sql.lifeline.pin(null);
    const frozen = serverProcesses(cluster().dataDir);
    const began = performance.now();
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    try {
      const { tried } = await requestReload(sql, cluster().dataDir);
      expect(tried).toEqual([
        'lifeline: no, no answer within 2 s',
        'open session: no, no answer within 2 s',
        expect.stringMatching(/^signal: SIGHUP to process \d+$/),
      ]);
      await sql.close();
      await it.stop();
      // The time-out of one query is 30 s.
      expect(performance.now() - began).toBeLessThan(20_000);
    } finally {
      for (const pid of frozen) process.kill(pid, 'SIGCONT');
    }
  });

  it('an ended lifeline is opened again as soon as the server lets it in', async () => {
    const it = await lab();
    const client = await person();
    await written(it, { kind: 'config', settings: { work_mem: '64MB' } });
    const [first] = await onSocket(client);
    await client.query('select pg_terminate_backend($1)', [first]);
    await eventually('there is another one', async () => {
      const [now] = await onSocket(client);
      return now !== undefined && now !== first;
    });
    await reverted(it);
  });

  it('an agent that starts with a change open has its lifeline again', async () => {
    const it = await lab();
    const client = await person();
    await written(it, { kind: 'config', settings: { work_mem: '64MB' } });
    await it.stop();
    await eventually('it went with the agent', async () => (await onSocket(client)).length === 0);
    await it.restart();
    await eventually('it is there again', async () => (await onSocket(client)).length === 1);
    await reverted(it);
  });
});
