/** What a planned change says, and what is refused: with the server's own knowledge of its settings and files. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigChange } from '../../../domain/change.ts';
import type { Problem } from '../../../domain/problem.ts';
import type { Allowance, Captured, PlannedChange, Target } from '../../../targets/target.ts';
import { type Cluster, createCluster } from '../../../worker/stack/cluster.ts';
import { edit, filesOf, nothingAllowed, query, targetOf } from './server.ts';

let cluster: Cluster;
let target: Target;
let before: Captured;
let conf: string;

beforeAll(async () => {
  cluster = await createCluster({ major: 17, start: false });
  await mkdir(join(cluster.dataDir, 'conf.d'));
  if (cluster.systemUser) await chown(join(cluster.dataDir, 'conf.d'), cluster.systemUser.uid, cluster.systemUser.gid);
  await writeFile('/tmp/knowngood-outside.conf', 'work_mem = 1MB\n');
  await symlink('/tmp/knowngood-outside.conf', join(cluster.dataDir, 'conf.d', 'link.conf.off'));
  await edit(cluster, 'postgresql.conf', (text) => `${text}include_dir 'conf.d'\narchive_command = 'true'\n`);
  await cluster.start();
  target = targetOf(cluster);
  before = await target.capture();
  conf = before.files.find(({ role }) => role === 'main')?.bytes.toString() ?? '';
});
afterAll(async () => {
  await target?.close();
  await cluster?.remove();
});

async function problemsOf(
  change: Omit<ConfigChange, 'kind'>,
  allowance: Allowance = nothingAllowed,
): Promise<readonly Problem[]> {
  const planned = await target.plan(before, { kind: 'config', ...change }, allowance);
  return planned.kind === 'refused' ? planned.problems : [];
}

async function planOf(
  change: Omit<ConfigChange, 'kind'>,
  allowance: Allowance = nothingAllowed,
): Promise<PlannedChange> {
  const planned = await target.plan(before, { kind: 'config', ...change }, allowance);
  if (planned.kind === 'refused') throw new Error(JSON.stringify(planned.problems));
  return planned.plan;
}

const refused: readonly (readonly [string, Omit<ConfigChange, 'kind'>, readonly string[]])[] = [
  ['an unknown setting', { settings: { wrok_mem: '4MB' } }, ['unknown-setting']],
  ['a value of the wrong kind', { settings: { work_mem: 'lots' } }, ['bad-value']],
  ['a value out of range', { settings: { max_connections: 0 }, restart: 'allowed' }, ['bad-value']],
  ['a unit that the setting has not', { settings: { work_mem: '4s' } }, ['bad-value']],
  ['a word that the enum has not', { settings: { wal_level: 'some' } }, ['bad-value']],
  ['a text that only the server can judge', { settings: { timezone: 'Mars/Olympus' } }, ['bad-value']],
  ['a list for what is none', { settings: { work_mem: ['1MB', '2MB'] } }, ['bad-value']],
  ['a setting that cannot be changed', { settings: { block_size: 4096 } }, ['setting-not-changeable']],
  ['a command', { settings: { archive_command: 'rm -rf /' } }, ['setting-not-allowed']],
  ['a library', { settings: { session_preload_libraries: 'evil' } }, ['setting-not-allowed']],
  [
    'a literal secret',
    { settings: { primary_conninfo: 'host=x password=y' } },
    ['setting-not-allowed', 'secret-literal'],
  ],
  ['a setting from the command line', { settings: { port: 6000 }, restart: 'allowed' }, ['setting-overridden']],
  ['a restart that is forbidden', { settings: { max_connections: 50 } }, ['restart-forbidden']],
  ['a rule that is not there', { hba: [{ remove: 'host all nobody 1.2.3.4/32 md5' }] }, ['hba-no-such-rule']],
  [
    'an anchor that is not there',
    { hba: [{ add: 'local all x peer', after: 'local all y peer' }] },
    ['hba-no-such-rule'],
  ],
  ['a rule that does not load', { hba: [{ add: 'hots all x 1.2.3.4/32 md5' }] }, ['hba-bad-rule']],
  [
    'a secret in a rule',
    { hba: [{ add: 'host all x 1.2.3.4/32 ldap ldapserver=a ldapbindpasswd=b' }] },
    ['secret-literal'],
  ],
  ['a path that leaves the folder', { files: { '../evil.conf': 'work_mem = 1MB\n' } }, ['path-outside']],
  ['an absolute path elsewhere', { files: { '/etc/passwd': 'x' } }, ['path-outside']],
  ['a link that leads out of the folder', { files: { 'conf.d/link.conf.off': 'x' } }, ['path-outside']],
  ['a file that is no configuration', { files: { PG_VERSION: '18\n' } }, ['path-not-configuration']],
  ['a file that nobody would read', { files: { 'recovery.signal': '' } }, ['path-not-configuration']],
  ['a folder that is not there', { files: { 'none.d/x.conf': '' } }, ['no-such-folder']],
  ['the removal of what the server needs', { files: { 'pg_hba.conf': null } }, ['would-not-start']],
  ['rules without a rule', { files: { 'pg_hba.conf': '# nothing\n' } }, ['hba-empty']],
  ['a broken line', { files: { 'conf.d/x.conf': 'work_mem 4MB MB\n' } }, ['would-not-start']],
  ['an unknown setting in a file', { files: { 'conf.d/x.conf': 'wrok_mem = 4MB\n' } }, ['unknown-setting']],
  ['a bad value in a file', { files: { 'conf.d/x.conf': 'work_mem = 4mb\n' } }, ['bad-value']],
  ['a command in a file', { files: { 'conf.d/x.conf': "archive_command = 'id'\n" } }, ['setting-not-allowed']],
  [
    'an include that leads out',
    { files: { 'conf.d/x.conf': "include '/tmp/knowngood-outside.conf'\n" } },
    ['path-outside'],
  ],
  [
    'settings and their file at once',
    { settings: { work_mem: '5MB' }, files: { 'postgresql.auto.conf': '' } },
    ['both-ways'],
  ],
  ['nothing', {}, ['empty-change']],
];

it.each(refused)('refuses %s', async (_, change, codes) => {
  const files = await filesOf(cluster);
  expect((await problemsOf(change)).map(({ code }) => code)).toEqual(codes);
  expect(await filesOf(cluster)).toEqual(files);
});

it('says everything that is wrong at once', async () => {
  const problems = await problemsOf({
    settings: { wrok_mem: 1, archive_command: 'x', fsync: 'maybe' },
    hba: [{ remove: 'local x y z' }],
    files: { '/etc/x': '' },
  });
  expect(problems.map(({ code }) => code)).toEqual([
    'unknown-setting',
    'setting-not-allowed',
    'bad-value',
    'path-outside',
    'hba-no-such-rule',
  ]);
  expect(problems[0]?.hint).toBe('Did you mean "work_mem"?');
});

it('refuses a whole postgresql.conf that changes a command, or takes its line away', async () => {
  for (const text of [
    conf.replace("archive_command = 'true'", "archive_command = 'id'"),
    conf.replace("archive_command = 'true'\n", ''),
  ])
    expect((await problemsOf({ files: { 'postgresql.conf': text } })).map(({ code }) => code)).toContain(
      'setting-not-allowed',
    );
});

it('accepts a whole postgresql.conf that leaves the commands as they are', async () => {
  const plan = await planOf({ files: { 'postgresql.conf': `${conf}work_mem = 11MB\n` } });
  expect(plan.summary.items.map(({ key, effect }) => [key.replace(cluster.dataDir, ''), effect])).toEqual([
    ['file:/postgresql.conf', 'reload'],
    ['setting:work_mem', 'reload'],
  ]);
  expect(plan.summary).toMatchObject({ effect: 'reload', risk: 'low' });
  expect(plan.summary.diff).toContain('+work_mem = 11MB');
});

it('lets the agent allow a command and a folder by name', async () => {
  expect(
    await problemsOf(
      { settings: { archive_command: 'true' } },
      { settings: ['archive_command'], paths: [], sql: false },
    ),
  ).toEqual([]);
  expect(
    await problemsOf({ files: { '/tmp/knowngood-new.conf': 'x' } }, { settings: [], paths: ['/tmp'], sql: false }),
  ).toEqual([]);
});

it('tells a restart, the risk and the values', async () => {
  const { summary } = await planOf({ settings: { shared_buffers: '256MB' }, restart: 'allowed' });
  expect(summary).toMatchObject({ effect: 'restart', risk: 'high' });
  expect(summary.items[0]?.summary).toBe('shared_buffers: 128MB → 256MB');
});

it('calls a change of access rules risky', async () => {
  const { summary } = await planOf({ hba: [{ add: 'host all x 10.0.0.0/8 scram-sha-256' }] });
  expect(summary).toMatchObject({ effect: 'reconnect', risk: 'high' });
});

it('gives the same plan the same hash, and another plan another', async () => {
  const [a, b, c] = [
    await planOf({ settings: { work_mem: '5MB' } }),
    await planOf({ settings: { work_mem: '5MB' } }),
    await planOf({ settings: { work_mem: '6MB' } }),
  ];
  expect(a?.summary.hash).toBe(b?.summary.hash);
  expect(a?.summary.hash).not.toBe(c?.summary.hash);
});

it('plans no step for what is so already', async () => {
  const { steps, summary } = await planOf({ settings: { work_mem: null } });
  expect(steps).toEqual([]);
  expect(summary.warnings).toEqual(['everything is as the change asks already: nothing will be written']);
});

it('does not write a file that was edited since the plan', async () => {
  const plan = await planOf({ files: { 'conf.d/new.conf': 'geqo = off\n' } });
  await edit(cluster, 'conf.d/new.conf', () => '# theirs\n');
  await expect(
    target.apply(
      plan,
      () => undefined,
      () => undefined,
    ),
  ).rejects.toMatchObject({ problem: { code: 'file-moved' } });
  await edit(cluster, 'conf.d/new.conf', () => '');
});

it('refuses what the server would not load before it is loaded, and names the line', async () => {
  const plan = await planOf({ hba: [{ add: 'host all x 10.0.0.0/8 scram-sha-256 nosuchoption=1' }] });
  const files = await filesOf(cluster);
  await expect(
    target.apply(
      plan,
      () => undefined,
      () => undefined,
    ),
  ).rejects.toMatchObject({ problem: { code: 'hba-would-not-load' } });
  await target.revert({
    changeId: 'x',
    before,
    change: null,
    mayRestart: false,
    witnesses: [],
    fence: () => undefined,
    say: () => undefined,
  });
  expect((await filesOf(cluster))['pg_hba.conf']).toBe(files['pg_hba.conf']);
});

it('names the grant that ALTER SYSTEM needs', async () => {
  await query(
    cluster,
    `create role observer login password 'o'; grant pg_monitor to observer;
    grant select on pg_file_settings, pg_hba_file_rules to observer;
    grant execute on function pg_show_all_file_settings(), pg_hba_file_rules(), pg_reload_conf() to observer`,
  );
  await edit(cluster, 'pg_hba.conf', (text) => `${text}host all observer 127.0.0.0/8 scram-sha-256\n`);
  await query(cluster, 'select pg_reload_conf()');
  const limited = targetOf(cluster, {
    database: { connection: `postgresql://observer@127.0.0.1:${cluster.port}/postgres`, password: null },
    password: 'o',
  });
  try {
    expect(await limited.identify()).toMatchObject({ kind: 'guardable' });
    const planned = await limited.plan(
      await limited.capture(),
      { kind: 'config', settings: { work_mem: '5MB' } },
      nothingAllowed,
    );
    expect(planned).toMatchObject({
      kind: 'refused',
      problems: [
        { code: 'insufficient-privilege', hint: expect.stringContaining('grant alter system on parameter work_mem') },
      ],
    });
    await query(cluster, 'grant alter system on parameter work_mem to observer');
    expect(
      (await limited.plan(await limited.capture(), { kind: 'config', settings: { work_mem: '5MB' } }, nothingAllowed))
        .kind,
    ).toBe('planned');
  } finally {
    await limited.close();
  }
});
