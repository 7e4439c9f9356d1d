/** Declared changes that want more than configuration: paths that lead out, settings that run commands, words that are not what they seem. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Problem } from '../../domain/problem.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig();
const outside = mkdtempSync(join(tmpdir(), 'knowngood-outside-'));
const inData = (name: string): string => join(rig().target.dataDir, name);
const conf = (): string => readFileSync(inData('postgresql.conf'), 'utf8');
const hba = (): string => readFileSync(inData('pg_hba.conf'), 'utf8');

beforeAll(async () => {
  writeFileSync(join(outside, 'secrets.txt'), 'work_mem = 1MB\n');
  mkdirSync(join(outside, 'folder'));
  writeFileSync(join(outside, 'folder', 'x.conf'), 'work_mem = 1MB\n');
  mkdirSync(inData('conf.d'));
  symlinkSync(join(outside, 'secrets.txt'), inData('link.conf'));
  symlinkSync(join(outside, 'folder'), inData('linked'));
  writeFileSync(inData('postgresql.conf'), `${conf()}include_dir = 'conf.d'\n`);
  const { systemUser } = rig().target;
  if (systemUser) await chown(inData('conf.d'), systemUser.uid, systemUser.gid);
  const sql = new pg.Client({ connectionString: rig().target.url() });
  await sql.connect();
  await sql.query('select pg_reload_conf()');
  await sql.end();
}, 30_000);
afterAll(() => rmSync(outside, { recursive: true, force: true }));

type Change = Readonly<Record<string, unknown>>;
const file = (name: string, body: string | null): Change => ({ files: { [name]: body } });
const main = (line: string): Change => file('postgresql.conf', `${conf()}${line}\n`);
const access = (line: string): Change => file('pg_hba.conf', `${hba()}${line}\n`);

describe('a path that leaves the configuration folder is refused', () => {
  for (const [what, change, said] of [
    ['upwards', () => file('../../etc/passwd', 'x'), 'leaves the configuration folder'],
    ['upwards out of a subfolder', () => file('conf.d/../../x.conf', 'x'), 'leaves the configuration folder'],
    ['absolute', () => file('/etc/passwd', 'x'), '"/etc/passwd" is outside of the configuration folder'],
    ['absolute and new', () => file('/etc/knowngood.conf', ''), 'is outside of the configuration folder'],
    ['absolute, a folder of like name', () => file(`${inData('').slice(0, -1)}-other/x.conf`, ''), 'is outside of'],
    ['through a symbolic link', () => file('link.conf', ''), '"link.conf" is outside of the configuration folder'],
    ['through a linked folder', () => file('linked/new.conf', ''), '"linked/new.conf" is outside of'],
    ['to remove what is elsewhere', () => file('/etc/passwd', null), 'is outside of the configuration folder'],
    ['by an include', () => main("include '/etc/passwd'"), 'would make PostgreSQL read /etc/passwd'],
    ['by an include in octal', () => main("INCLUDE_IF_EXISTS '\\057etc\\057passwd'"), 'read /etc/passwd'],
    ['by an include upwards', () => main("include_if_exists '../../../../etc/passwd'"), 'outside of the configuration'],
    ['by an include of a link', () => main("include 'link.conf'"), 'would make PostgreSQL read'],
    ['by a linked include folder', () => main("include_dir 'linked'"), 'would make PostgreSQL read'],
    ['by a list of names', () => ({ hba: [{ add: 'host all @/etc/shadow all reject' }] }), 'read /etc/shadow'],
    ['by an include of rules', () => access('include /etc/shadow'), 'read /etc/shadow'],
    ['by an include of rules in quotes', () => access('"include" "/etc/shadow"'), 'read /etc/shadow'],
    ['by a linked folder of rules', () => access('include_dir linked'), 'would make PostgreSQL read'],
    ['by an include of maps', () => file('pg_ident.conf', 'include /etc/shadow\n'), 'read /etc/shadow'],
    ['into the data', () => file('base/1/1259', 'x'), 'base/1/1259'],
    ['into the control file', () => file('global/pg_control', 'x'), 'global/pg_control'],
    ['over the lock file', () => file('postmaster.pid', 'x'), 'postmaster.pid'],
    ['to make a standby', () => file('standby.signal', ''), 'standby.signal'],
    ['to promote', () => file('promote', ''), 'promote'],
    [
      'to make a standby in disguise',
      () => ({ files: { 'standby.signal': '# x\n', 'conf.d/s.conf': "include_if_exists '../standby.signal'\n" } }),
      'standby.signal',
    ],
    [
      'into the data in disguise',
      () => ({ files: { 'base/1/9999999': '# x\n', 'conf.d/s.conf': "include '../base/1/9999999'\n" } }),
      'base/1/9999999',
    ],
  ] as const)
    it(what, () => expectRefused(change, said));
});

describe('a setting that the agent does not allow is refused', () => {
  const not = 'may not be changed from afar';
  for (const [what, change, said] of [
    ['as it is', () => ({ settings: { archive_command: 'rm -rf /' } }), `"archive_command" ${not}`],
    ['in other letters', () => ({ settings: { Archive_Command: 'rm -rf /' } }), `"archive_command" ${not}`],
    ['unset', () => ({ settings: { ARCHIVE_COMMAND: null } }), `"archive_command" ${not}`],
    ['in the whole main file', () => main("Archive_Command = 'x'"), `"Archive_Command" ${not}`],
    ['without an equals sign', () => main("archive_command 'x'"), not],
    ['in an include file', () => file('conf.d/z.conf', "archive_command = 'x'\n"), not],
    ['in the file of ALTER SYSTEM', () => file('postgresql.auto.conf', "archive_command = 'x'\n"), not],
    ['behind another value', () => ({ settings: { log_line_prefix: "%m'\narchive_command = 'x" } }), 'log_line_prefix'],
    ['behind a carriage return', () => main("work_mem = 4MB\rarchive_command = 'x'"), 'syntax error'],
    ['overridden in the same file', () => main("archive_command = 'x'\narchive_command = ''"), not],
    ['the place of the rules', () => main("hba_file = '/tmp/x'"), not],
    ['the place of the data', () => main("data_directory = '/tmp/x'"), not],
    ['a library', () => ({ settings: { session_preload_libraries: ['x'] } }), not],
    ['a private key', () => main("ssl_key_file = '/etc/ssl/private/x.key'"), not],
    ['the code of a language', () => main("plperl.on_init = 'system(q(id))'"), not],
    ['the code of an untrusted one', () => main("plperl.on_plperlu_init = 'system(q(id))'"), not],
    ['a procedure of a language', () => main("pltclu.start_proc = 'x'"), not],
    ['the command of a module', () => main("basebackup_to_shell.command = 'x'"), not],
    ['the folder of a module', () => main("basic_archive.archive_directory = '/tmp'"), not],
  ] as const)
    it(what, () => expectRefused(change, said));
});

describe('content that is not what it seems is refused', () => {
  const rule = 'host shop image_svc 127.0.3.0/24 scram-sha-256';
  for (const [what, change, said] of [
    ['a rule of two lines', () => ({ hba: [{ add: `${rule}\nhost all all all trust` }] }), 'more than one line'],
    ['a rule with a carriage return', () => ({ hba: [{ add: `${rule}\rhost all all all trust` }] }), 'one line'],
    ['a rule that goes on', () => ({ hba: [{ add: `${rule} \\` }] }), 'is not one line'],
    ['a rule that goes on, spaced', () => ({ hba: [{ add: `${rule} # \\ ` }] }), 'is not one line'],
    ['a rule with a zero byte', () => ({ hba: [{ add: `${rule}\u0000` }] }), 'change.hba[0].add'],
    ['a rule without end', () => ({ hba: [{ add: `host ${'x'.repeat(11_000)}` }] }), 'longer than 10000'],
    ['no rule', () => ({ hba: [{ add: '# trust' }] }), 'is not a rule'],
    ['a file with a zero byte', () => file('conf.d/z.conf', 'work_mem = 4MB\u0000\n'), 'holds a NUL byte'],
    ['a file too large', () => file('conf.d/z.conf', `# ${'x'.repeat(33 * 1024)}\n`), 'too large'],
    ['settings too large', () => ({ settings: { log_line_prefix: 'x'.repeat(33 * 1024) } }), 'too large'],
    ['no rule at all', () => file('pg_hba.conf', '# \\\n'), 'would hold no rule'],
    [
      'rules swallowed by a comment',
      () => file('pg_hba.conf', `# all gone \\\n${hba()}`.replaceAll('\nhost', ' \\\nhost')),
      'would hold no rule',
    ],
    ['a map that does not load', () => file('pg_ident.conf', 'lonely\n'), 'pg_ident.conf'],
  ] as const)
    it(what, () => expectRefused(change, said));
});

it('a map whose expression only the server can judge is written, seen, and taken back before it is loaded', async () => {
  const before = await rig().configuration();
  const change = await rig().start({ change: { kind: 'config', files: { 'pg_ident.conf': 'm /^( x\n' } } });
  const result = await change.outcome();
  expect(result).toMatchObject({ outcome: 'reverted', reason: 'apply-failed' });
  expect(result.summary).toContain('pg_ident.conf line 1 does not load');
  expect(await rig().configuration()).toEqual(before);
});

async function expectRefused(change: () => Change, said: string): Promise<void> {
  const before = await rig().configuration();
  const { targetName: target, client } = rig();
  const answer = (await client.workflow.execute('planChange', {
    workflowId: `look-${randomBytes(6).toString('hex')}`,
    taskQueue: 'knowngood',
    args: [{ target, changeId: 'hostile', change: { kind: 'config', restart: 'allowed', ...change() } }],
  })) as { kind: string; problems?: readonly Problem[] };
  expect(answer).toMatchObject({ kind: 'refused' });
  const words = (answer.problems ?? []).map(({ message, detail, hint }) => [message, detail, hint].join(' '));
  expect(words.join('\n')).toContain(said);
  expect(words.join('\n')).not.toContain('root:');
  expect(await rig().configuration()).toEqual(before);
}
