/** Candidates on scratch servers of the live server's own version, and what is left of them: nothing. */
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Rehearsal } from '../../../../domain/rehearsal.ts';
import { processesIn, removeLeftRehearsals } from '../../../../targets/postgres/rehearsal/folder.ts';
import { rehearse } from '../../../../targets/postgres/rehearsal/rehearse.ts';
import { createPostgresTarget } from '../../../../targets/postgres/target.ts';
import type { Captured, ChangeStep, RehearseInput, Target } from '../../../../targets/target.ts';
import { useCluster } from '../../../support/cluster.ts';
import { script } from '../../../worker/stack/script.ts';
import { query, silent, targetOf, targetOptions, unfenced } from '../server.ts';

const hba = `# TYPE  DATABASE  USER      ADDRESS        METHOD
local   all       postgres                 trust
local   all       all                      scram-sha-256
host    all       all       127.0.0.0/8    scram-sha-256
`;

for (const major of [14, 18] as const)
  describe(`a rehearsal on PostgreSQL ${major}`, () => {
    const cluster = useCluster({ major, hba });
    let records = '';
    let target: Target;
    let before: Captured;
    beforeAll(async () => {
      records = await mkdtemp(join(tmpdir(), 'knowngood-records-'));
      await query(cluster(), "create role image_svc login password 'x'");
      await query(cluster(), "create role archive login password 'x' connection limit 3");
      await query(cluster(), 'create database shop');
      target = targetOf(cluster());
      before = await target.capture();
    });
    afterAll(async () => {
      await target.close();
      await rm(records, { recursive: true });
    });
    const principals = [{ user: 'image_svc', database: 'shop', address: '127.0.0.9', tls: false }];
    const tried = (steps: readonly ChangeStep[] | null, bend: Partial<RehearseInput> = {}): Promise<Rehearsal> => {
      const plan = steps === null ? null : { steps };
      const input = { before, plan, principals, records, folder: null, timeoutMs: 60_000, ...bend };
      return rehearse(input, createPostgresTarget);
    };
    const written = (name: string, change: (text: string) => string): ChangeStep => {
      const path = join(cluster().dataDir, name);
      const text = before.files.find((file) => file.path === path)?.bytes.toString('utf8') ?? '';
      return { do: 'write-file', path, base64: Buffer.from(change(text)).toString('base64'), expectDigest: null };
    };
    const appended = (line: string): ChangeStep => written('postgresql.conf', (text) => `${text}${line}\n`);
    const lineOf = (name: string): number => {
      const path = join(cluster().dataDir, name);
      return (
        before.files
          .find((file) => file.path === path)
          ?.bytes.toString('utf8')
          .split('\n').length ?? 0
      );
    };
    const failed = ({ problems }: Rehearsal): string => problems.map(({ message }) => message).join('; ');

    it('finds nothing wrong with a good candidate, and its revert leads back', async () => {
      const rehearsal = await tried([
        appended('work_mem = 9MB'),
        written('pg_hba.conf', (text) => `${text}host shop archive 127.0.0.0/8 reject\n`),
        { do: 'alter-system', name: 'max_connections', literals: ['57'] },
        { do: 'restart' },
      ]);
      expect(rehearsal.findings.filter(({ ok }) => ok !== true)).toEqual([]);
      expect(rehearsal.findings.map(({ what }) => what)).toEqual(
        expect.arrayContaining([
          'the candidate starts',
          'image_svc@shop from 127.0.0.9 logs in',
          'the change is applied',
          'the revert leads back, exactly',
        ]),
      );
    });

    it('says where postgresql.conf has an error, and starts nothing', async () => {
      const rehearsal = await tried([appended('work_mem = 9MB nonsense')]);
      expect(failed(rehearsal)).toBe(
        `${cluster().dataDir}/postgresql.conf line ${lineOf('postgresql.conf')}: syntax error, near token "nonsense"`,
      );
      expect(rehearsal.findings).toHaveLength(1);
    });

    it('says which file and line names a value that is none', async () => {
      const rehearsal = await tried([appended('work_mem = lots')]);
      expect(failed(rehearsal)).toContain(`postgresql.conf line ${lineOf('postgresql.conf')}: invalid value`);
    });

    it('finds a library that is not there', async () => {
      const rehearsal = await tried([
        { do: 'alter-system', name: 'shared_preload_libraries', literals: ['no_such_library'] },
        { do: 'restart' },
      ]);
      expect(failed(rehearsal)).toContain('could not access file "no_such_library"');
    });

    it('finds a library that every new session would miss', async () => {
      const rehearsal = await tried([
        { do: 'alter-system', name: 'session_preload_libraries', literals: ['no_such_library'] },
        { do: 'reload' },
      ]);
      expect(failed(rehearsal)).toBe('the candidate starts, and lets nobody in');
    });

    it('finds a rule that does not load, by the line of the real file', async () => {
      const rehearsal = await tried([written('pg_hba.conf', (text) => `${text}host all all 127.0.0.1/32 skram\n`)]);
      const path = join(cluster().dataDir, 'pg_hba.conf');
      expect(failed(rehearsal)).toBe(`${path} line 5: invalid authentication method "skram"`);
    });

    it('finds that no rule is left', async () => {
      expect(failed(await tried([written('pg_hba.conf', () => '# nothing\n')]))).toBe('pg_hba.conf holds no rule');
    });

    it('does not even try more memory than the host has', async () => {
      const rehearsal = await tried([
        { do: 'alter-system', name: 'shared_buffers', literals: ['900GB'] },
        { do: 'restart' },
      ]);
      expect(failed(rehearsal)).toBe('the candidate asks for more shared memory than this host has');
    });

    it('finds the dependent that the candidate locks out', async () => {
      const rehearsal = await tried([
        written('pg_hba.conf', (text) => text.replace('host ', 'host all image_svc 127.0.0.9/32 reject\nhost ')),
        { do: 'reload' },
      ]);
      expect(failed(rehearsal)).toBe('the candidate denies image_svc@shop from 127.0.0.9');
      expect(rehearsal.problems[0]?.detail).toContain('28000');
      expect(rehearsal.findings.at(-1)).toEqual({ what: 'the revert leads back, exactly', ok: true });
    });

    it('tries the configuration as it is where nobody knows the change', async () => {
      const { findings } = await tried(null);
      expect(findings.every(({ ok }) => ok === true)).toBe(true);
      expect(findings.map(({ what }) => what)).toContain('the candidate starts');
    });

    it('runs no command, and says what it did not try', async () => {
      const touched = join(records, 'touched');
      const { findings, problems } = await tried([
        appended(`archive_mode = on\narchive_command = 'touch ${touched}'\nport = 1`),
        { do: 'restart' },
      ]);
      expect(problems).toEqual([]);
      expect(findings.filter(({ ok }) => ok === null).map(({ what }) => what)).toEqual([
        'archive_command of the candidate',
        'port of the candidate',
      ]);
      await expect(stat(touched)).rejects.toThrow('ENOENT');
    });

    it('runs SQL as far as a server without tables can', async () => {
      const sql = (database: string, statement: string): ChangeStep => ({
        do: 'sql',
        database,
        statements: [statement],
      });
      const { findings, problems } = await tried([
        sql('postgres', 'alter role archive connection limit 5'),
        sql('shop', 'grant select on orders to archive'),
      ]);
      expect(problems).toEqual([]);
      expect(findings.filter(({ ok }) => ok === null)).toMatchObject([
        { what: 'SQL in database shop', problem: { code: 'sql-untried' } },
      ]);
      expect(findings.at(-1)).toEqual({ what: 'the revert leads back, exactly', ok: true });
    });

    it('leads back where settings are kept away from the scratch server', async () => {
      const steps: ChangeStep[] = [
        written('postgresql.conf', (text) => `${text}max_worker_processes = 9\nwork_mem = 9MB\n`),
        { do: 'alter-system', name: 'port', literals: ['1'] },
        { do: 'alter-system', name: 'autovacuum_naptime', literals: ['33'] },
      ];
      for (const activation of ['reload', 'restart'] as const) {
        const { problems, findings } = await tried([...steps, { do: activation }], { principals: [] });
        expect(problems).toEqual([]);
        expect(findings.at(-1)).toEqual({ what: 'the revert leads back, exactly', ok: true });
      }
    });

    it('ends when its time is over, and leaves nothing', async () => {
      const rehearsal = await tried([appended('work_mem = 9MB')], { timeoutMs: 250 });
      expect(rehearsal.problems).toEqual([]);
      expect(rehearsal.findings.at(-1)?.problem?.code).toBe('rehearsal-timeout');
      expect(rehearsal.tookMs).toBeLessThan(5_000);
      expect(await readdir(records)).toEqual([]);
    });

    it('never touches the live server', async () => {
      const state = async () => ({
        files: await Promise.all(
          (await readdir(cluster().dataDir)).sort().map(async (name) => {
            const { mtimeMs, ctimeMs, ino, isDirectory } = await stat(join(cluster().dataDir, name));
            return isDirectory.call(await stat(join(cluster().dataDir, name))) ? name : [name, mtimeMs, ctimeMs, ino];
          }),
        ),
        pid: await readFile(join(cluster().dataDir, 'postmaster.pid'), 'utf8'),
        log: await readFile(cluster().logFile, 'utf8'),
      });
      const sessions = () =>
        query(
          cluster(),
          "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by 1",
        );
      const open = await sessions();
      const was = await state();
      const { problems } = await tried([appended('work_mem = 9MB'), { do: 'restart' }]);
      expect(problems).toEqual([]);
      expect(await state()).toEqual(was);
      expect(await sessions()).toEqual(open);
    });

    it('leaves a real apply and revert as they were', async () => {
      const planned = await target.plan(
        before,
        { kind: 'config', settings: { work_mem: '9MB' } },
        { settings: [], paths: [], sql: false },
      );
      if (planned.kind === 'refused') throw new Error(JSON.stringify(planned.problems));
      expect((await tried(planned.plan.steps)).findings.filter(({ ok }) => ok !== true)).toEqual([]);
      await target.apply(planned.plan, unfenced, silent);
      const change = await target.capture();
      const { remaining } = await target.revert({
        changeId: 'c',
        before,
        change,
        mayRestart: false,
        witnesses: [],
        fence: unfenced,
        say: silent,
      });
      expect(remaining).toEqual([]);
    });

    it('removes what a killed agent has left, and ends its server', async () => {
      const options = { ...targetOptions(cluster()), key: targetOptions(cluster()).key.toString('hex') };
      const child = script(`
        const { createPostgresTarget } = await stack('../../targets/postgres/target');
        const { rehearse } = await stack('../../targets/postgres/rehearsal/rehearse');
        const options = ${JSON.stringify(options)};
        const target = createPostgresTarget({ ...options, key: Buffer.from(options.key, 'hex') });
        const before = await target.capture();
        console.log('begins');
        const input = { before, plan: { steps: [{ do: 'restart' }] }, principals: [], records: ${JSON.stringify(records)}, folder: null, timeoutMs: 60000 };
        for (;;) await rehearse(input, createPostgresTarget);`);
      expect(await child.line()).toBe('begins');
      const folder = await until(async () => {
        const [name] = (await readdir(records)).filter((each) => each.endsWith('.json'));
        const text = name === undefined ? '' : await readFile(join(records, name), 'utf8').catch(() => '');
        const path = text === '' ? null : (JSON.parse(text) as { path: string }).path;
        if (path === null) return null;
        // Frozen, it cannot end the server between the look and the kill.
        child.process.kill('SIGSTOP');
        // A server with its children.
        if ((await processesIn(path)).length >= 5) return path;
        child.process.kill('SIGCONT');
        return null;
      });
      // Of a process that lives nothing is removed.
      expect(await removeLeftRehearsals(records)).toBe(0);
      child.process.kill('SIGKILL');
      await child.exited;
      expect((await processesIn(folder)).length).toBeGreaterThan(0);
      expect(await removeLeftRehearsals(records)).toBe(1);
      expect(await processesIn(folder)).toEqual([]);
      await expect(stat(folder)).rejects.toThrow('ENOENT');
      expect(await readdir(records)).toEqual([]);
    });
  });

async function until<T>(look: () => Promise<T | null>): Promise<T> {
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(5)) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error('not within 15 s');
}
