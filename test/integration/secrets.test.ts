/** Secrets are planted wherever a server and its operators keep them; no trace of them may be found anywhere else. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { chown, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { selfSigned } from '../support/certificate.ts';
import { type Run, startCommand, startProcess } from '../support/cli.ts';
import { eventually } from '../support/processes.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { type TemporalStack, startTemporal } from '../../worker/stack/temporal-server.ts';
import { filesBelow, findPlanted, histories, tables } from './planted.ts';

const planted = new Map<string, string>();

/** Distinctive, and of the letters that passwords have. */
function plant(what: string): string {
  const secret = `Plnt${randomBytes(12).toString('hex')}`;
  planted.set(what, secret);
  return secret;
}

const name = 'vault-db';
const folder = mkdtempSync(join(tmpdir(), 'knowngood-secrets-'));
/** What the processes keep on disk beside the agent's state: samples that the store has not taken yet. */
const env = { KNOWNGOOD_DATA: join(folder, 'data') };
const running: ReturnType<typeof startProcess>[] = [];
const runs: Run[] = [];
let temporal: TemporalStack;
let target: Cluster;
let store: Cluster;

beforeAll(async () => {
  [temporal, target, store] = await Promise.all([
    startTemporal({ ui: false }),
    createCluster({ major: 17, start: false, ownIdentity: true }),
    createCluster({ major: 17, ownIdentity: true }),
  ]);
  await prepareTarget();
  configure();
  running.push(startProcess(['worker', '--config', join(folder, 'knowngood.yaml')], env));
  running.push(startProcess(['agent', '--config', join(folder, 'agent.yaml')], env));
  await eventually('worker and agent', async () => running.every((one) => one.err().includes('running')), 60_000);
}, 120_000);
afterAll(async () => {
  for (const one of running) one.signal('SIGTERM');
  await Promise.all(running.map(({ done }) => done));
  await Promise.all([temporal?.stop(), target?.remove(), store?.remove()]);
  rmSync(folder, { recursive: true, force: true });
});

it('finds what is planted, in every spelling', () => {
  const one = new Map([['a password', 'Plnt0123456789']]);
  const forms = [
    'x Plnt0123456789',
    Buffer.from('ab"Plnt0123456789"').toString('base64'),
    '506C6e743031323334353637383920',
    brotliCompressSync('{"a":"Plnt0123456789"}'),
    gzipSync('Plnt0123456789'),
  ];
  const hidden = new Map(forms.map((form, i) => [`place ${i}`, Buffer.from(form)]));
  hidden.set('place 5', Buffer.from('clean'));
  expect(findPlanted(one, hidden)).toEqual(
    ['plain', 'base64', 'hex', 'plain', 'plain'].map((form, i) => `a password in place ${i} (${form})`),
  );
});

it('no secret leaves its place through kept, reverted, aborted and refused changes', async () => {
  await plan('kept', { settings: 'work_mem: 6MB' });
  expect((await knowngood('apply', join(folder, 'kept.yaml'), '--change-id', 'kept')).code).toBe(0);

  const bad = await knowngood(
    'guard',
    name,
    '--change-id',
    'bad',
    '--',
    process.execPath,
    script('bad', ''),
    plant('an argument'),
  );
  expect([bad.code, bad.err]).toEqual([10, expect.anything()]);
  await askWhileInForce();

  await plan('literal', { settings: `primary_conninfo: "host=db password=${plant('a literal in a change file')}"` });
  expect((await knowngood('apply', join(folder, 'literal.yaml'))).code).not.toBe(0);
  await plan('sql', {
    sql: `[{ database: postgres, statement: "alter role image_svc password '${plant('a password in SQL')}'" }]`,
  });
  expect((await knowngood('apply', join(folder, 'sql.yaml'))).code).not.toBe(0);
  await plan('disallowed', { settings: 'archive_command: /bin/true' });
  expect((await knowngood('apply', join(folder, 'disallowed.yaml'), '--change-id', 'disallowed')).code).toBe(13);

  await ask();
  await rotateKey();
  await plantVerifiers();
  await expectNothingFound();
}, 240_000);

const dependentRule = 'host shop image_svc 127.0.2.0/24 scram-sha-256\n';

/** A change with secrets on both sides, looked at from everywhere before it is taken back. */
async function askWhileInForce(): Promise<void> {
  const command = script('held', dependentRule);
  const change = ['--change-id', 'held', '--soak', '1m'];
  const held = knowngood('guard', name, ...change, '--', process.execPath, command);
  const watching = async () => (await knowngood('status', `${name}:held`, '--json')).out.includes('"phase": "watch"');
  await eventually('it is watched', watching, 30_000);
  const shown = await knowngood('rescue', name, '--show');
  expect(shown.out).toMatch(/a revert would[^]*pg_hba\.conf[^]*primary_conninfo/);
  await knowngood('rescue', name, '--show', '--json');
  await knowngood('status', `${name}:held`);
  await knowngood('snapshot', 'restore', 'known-good', '--target', name, '--dry-run');
  for (const json of [[], ['--json']]) {
    const only = ['--only', 'file:*', '--only', 'setting:*', '--only', 'role:*'];
    await knowngood('snapshot', 'restore', 'known-good', '--target', name, '--dry-run', ...only, ...json);
  }
  for (const [where, bytes] of await filesBelow(join(folder, 'state'))) whileInForce.set(where, bytes);
  await knowngood('abort', `${name}:held`);
  expect((await held).code).toBe(10);
}

/** The agent's files while a change was open. */
const whileInForce = new Map<string, Buffer>();

/** Ends the agent; the key is a secret as well, the old one and the new one. */
async function rotateKey(): Promise<void> {
  planted.set("the agent's first key", (await readFile(join(folder, 'agent.key'), 'utf8')).trim());
  const agent = running[1];
  agent?.signal('SIGTERM');
  await agent?.done;
  expect(await knowngood('key', 'rotate')).toMatchObject({ code: 0 });
  planted.set("the agent's new key", (await readFile(join(folder, 'agent.key'), 'utf8')).split('\n')[0] ?? '');
}

/** Everything that tells people something. */
async function ask(): Promise<void> {
  await knowngood('snapshot', 'take', name);
  await knowngood('snapshot', 'list', name);
  const { out } = await knowngood('snapshot', 'list', name, '--json');
  const ids = (JSON.parse(out) as { snapshots: { id: string }[] }).snapshots.map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(2);
  // The one before any change, the one that was reverted, the newest.
  for (const id of [ids.at(-1), ids[1], ids[0]].map(String)) {
    await knowngood('snapshot', 'show', name, id);
    await knowngood('snapshot', 'show', name, id, '--json');
    await knowngood('snapshot', 'diff', name, id, 'latest');
    await knowngood('snapshot', 'diff', name, id, 'latest', '--json');
  }
  for (const change of ['kept', 'bad', 'held']) {
    await knowngood('report', `${name}:${change}`);
    await knowngood('report', `${name}:${change}`, '--json', '--html', join(folder, `state-${change}.html`));
    runs.push({ ...runs[0]!, out: await readFile(join(folder, `state-${change}.html`), 'utf8') });
    await knowngood('status', `${name}:${change}`);
    await knowngood('status', `${name}:${change}`, '--json');
  }
  await knowngood('status', '--all');
  for (const how of [[], ['--json'], ['--sql']]) await knowngood('doctor', ...how);
  await knowngood('rescue', name, '--show');
  await init();
}

async function init(): Promise<void> {
  const connection = `postgresql://postgres@127.0.0.1:${target.port}/postgres`;
  const password = `\${file:${folder}/target-password}`;
  const written = mkdtempSync(join(folder, 'init-'));
  const run = await knowngood('init', '--connection', connection, '--password', password, '--folder', written);
  expect(run.code).toBe(0);
  for (const file of ['knowngood.yaml', 'agent.yaml'])
    runs.push({ ...run, out: await readFile(join(written, file), 'utf8') });
}

/** Both what the roles have now and what they had while the change was in force. */
async function plantVerifiers(): Promise<void> {
  for (const change of ['bad', 'held'])
    planted.set(`a verifier of ${change}`, await readFile(join(folder, `verifier-${change}`), 'utf8'));
  for (const { rolname, rolpassword } of await onTarget(
    'select rolname, rolpassword from pg_authid where rolpassword is not null',
  )) {
    const verifier = String(rolpassword);
    planted.set(`verifier of ${rolname}`, verifier);
    for (const part of verifier.split(/[$:]/).filter((text) => text.length > 16))
      planted.set(`a part of ${rolname}'s verifier`, part);
  }
}

async function expectNothingFound(): Promise<void> {
  const connection = await Connection.connect({ address: temporal.address });
  try {
    const events = await histories(new Client({ connection }));
    expect(events.size).toBeGreaterThan(100);
    const rows = await tables(store.url());
    expect(rows.size).toBeGreaterThan(50);
    const state = await filesBelow(join(folder, 'state'));
    expect(state.size).toBeGreaterThan(0);
    expect(whileInForce.size).toBeGreaterThan(5);
    const data = await filesBelow(join(folder, 'data'));
    const said = [
      ...running.map((one, i) => [`log of process ${i}`, one.out() + one.err()] as const),
      ...runs.map(({ out, err }, i) => [`command ${i}`, out + err] as const),
    ];
    for (const haystack of [
      events,
      rows,
      state,
      whileInForce,
      data,
      new Map(said.map(([where, text]) => [where, Buffer.from(text)])),
    ])
      expect(findPlanted(planted, haystack)).toEqual([]);
  } finally {
    await connection.close();
  }
}

async function knowngood(...args: string[]): Promise<Run> {
  const at = args.includes('--') ? args.indexOf('--') : args.length;
  const where = ['--config', join(folder, 'knowngood.yaml'), '--agent-config', join(folder, 'agent.yaml')];
  const whole = [...args.slice(0, at), ...where, ...args.slice(at)];
  // What only looks needs no process of its own.
  const run = await (args[0] === 'apply' || args[0] === 'guard' ? startProcess : startCommand)(whole, env).done;
  runs.push(run);
  return run;
}

async function onTarget(sql: string): Promise<readonly pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: target.url() });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function put(path: string, text: string): Promise<void> {
  await writeFile(join(target.dataDir, path), text, { mode: 0o600 });
  if (target.systemUser) await chown(join(target.dataDir, path), target.systemUser.uid, target.systemUser.gid);
}

/** The servers of the tests are built without LDAP, and do not load a rule that names it: it waits behind a comment sign. */
const rules = (when: string, dependent: string): string => `local all postgres trust
host all postgres 127.0.0.0/8 scram-sha-256
${dependent}host all dialler 10.0.0.0/8 radius radiusservers=10.0.0.1 radiussecrets="${plant(`${when} radiussecrets`)}"
#host all ldapper 10.0.0.0/8 ldap ldapserver=l.example ldapbinddn="cn=kg" ldapbindpasswd="${plant(`${when} ldapbindpasswd`)}"
`;

async function prepareTarget(): Promise<void> {
  const { certificate, key } = selfSigned('db.example');
  keyLines(key).forEach((line, i) => planted.set(`line ${i} of the private key`, line));
  await put('server.crt', certificate);
  await put('server.key', key);
  await put('pg_hba.conf', rules('old', dependentRule));
  const conf = join(target.dataDir, 'postgresql.conf');
  const lines = [
    'ssl = on',
    `primary_conninfo = 'host=10.0.0.1 user=rep password=${plant('primary_conninfo')}'`,
    `ssl_passphrase_command = 'echo ${plant('ssl_passphrase_command')}'`,
    `# password = ${plant('a comment')}`,
  ];
  await put('postgresql.conf', `${await readFile(conf, 'utf8')}${lines.join('\n')}\n`);
  await target.start();
  await onTarget(`create role image_svc login password '${plant('image_svc')}'`);
  await onTarget(
    `create role old login; set password_encryption = md5; alter role old password '${plant('an md5 role')}'`,
  );
  await onTarget(`alter role old set app.api_password = '${plant('a setting of a role')}'`);
  await onTarget('create database shop');
}

const keyLines = (pem: string): readonly string[] =>
  pem.split('\n').filter((line) => line.length > 20 && !line.startsWith('-'));

/** What a guarded command does: new secrets everywhere, and the dependent let in by `dependent`. */
function script(what: string, dependent: string): string {
  const { certificate, key } = selfSigned(`${what}.example`);
  keyLines(key).forEach((line, i) => planted.set(`line ${i} of the private key of ${what}`, line));
  const files = {
    'server.crt': certificate,
    'server.key': key,
    'pg_hba.conf': rules(what, dependent),
  };
  const sql = [
    `alter role old password '${plant(`a password of ${what}`)}'`,
    `alter role old set app.api_password = '${plant(`a setting of a role of ${what}`)}'`,
    `alter system set primary_conninfo = 'host=10.0.0.2 password=${plant(`primary_conninfo of ${what}`)}'`,
    'select pg_reload_conf()',
  ];
  const path = join(folder, `${what}.mjs`);
  writeFileSync(
    path,
    `import { writeFileSync } from 'node:fs';
import pg from '${packageRoot}/node_modules/pg/lib/index.js';
for (const [name, text] of Object.entries(${JSON.stringify(files)})) writeFileSync('${target.dataDir}/' + name, text);
const client = new pg.Client({ connectionString: '${target.url()}' });
await client.connect();
for (const sql of ${JSON.stringify(sql)}) await client.query(sql);
const { rows } = await client.query("select rolpassword from pg_authid where rolname = 'old'");
writeFileSync('${join(folder, `verifier-${what}`)}', rows[0].rolpassword);
await client.end();
`,
  );
  return path;
}

async function plan(file: string, change: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(change).map(([key, value]) =>
    key === 'settings' ? `  settings: { ${value} }` : `  ${key}: ${value}`,
  );
  await writeFile(join(folder, `${file}.yaml`), `target: ${name}\nreason: a test\nchange:\n${lines.join('\n')}\n`);
}

function configure(): void {
  mkdirSync(env.KNOWNGOOD_DATA);
  planted.set("the target's password", target.password);
  planted.set("the store's password", store.password);
  writeFileSync(join(folder, 'target-password'), target.password);
  writeFileSync(join(folder, 'store-password'), store.password);
  writeFileSync(join(folder, 'image-password'), planted.get('image_svc') ?? '');
  const at = `connection: postgresql://postgres@127.0.0.1:${target.port}/postgres\n`;
  const storeAt = `store: { connection: 'postgresql://postgres@127.0.0.1:${store.port}/postgres', password: '\${file:${folder}/store-password}' }
temporal: { address: '${temporal.address}', namespace: default }
`;
  writeFileSync(
    join(folder, 'knowngood.yaml'),
    `targets:
  ${name}:
    ${at}    password: '\${file:${folder}/target-password}'
    policy: test
dependents:
  image-service:
    uses: ${name}
    team: application
    checks:
      login:
        sql: { as: image_svc, password: '\${file:${folder}/image-password}', database: shop, source: 127.0.2.1, query: select 1, sslmode: disable }
        level: required
policies:
  test:
    lease: 30s
    soak: 2s
    settle: { restart: 2s, reload: 0s }
    holdTimeout: 3s
    checks: { interval: 200ms, timeout: 2s, failures: 3, errors: 5, successes: 2 }
${storeAt}`,
  );
  writeFileSync(
    join(folder, 'agent.yaml'),
    `target: ${name}
${at}password: '\${file:${folder}/target-password}'
stateDir: ${folder}/state
keyFile: ${folder}/agent.key
restart: ${JSON.stringify(target.pgCtl('restart', '-m', 'fast', '-w', '-t', '20'))}
${storeAt}`,
  );
}
