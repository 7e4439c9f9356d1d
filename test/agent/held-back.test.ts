/** What a revert never opens again, on a real server: the shop is back at once, the vendor stays out until somebody decides. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { rescuePlan, rescueRevert } from '../../agent/rescue.ts';
import type { Incomplete } from '../../domain/agent-steps.ts';
import { approvalNamespace, statementText } from '../../domain/approval-statement.ts';
import type { HeldRuling } from '../../domain/never-reopen.ts';
import { armored, bytesToSign } from '../../signing/sshsig.ts';
import { askStartup, isLetIn } from '../../targets/postgres/startup-message.ts';
import { openTarget } from '../../worker/open-target.ts';
import { type Lab, caller, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { aKeyPair } from '../support/ssh-agent.ts';
import { edit, query, silent, unfenced } from '../targets/postgres/server.ts';

const before = `local all postgres trust
host all postgres 127.0.0.0/8 scram-sha-256
host shop shop_app 127.0.2.0/24 scram-sha-256
host shop vendor 127.0.0.0/8 scram-sha-256
host shop all 203.0.113.0/24 trust
`;
/** An upgrade that locks the shop out, and in which somebody has closed what was long to be closed. */
const upgraded = `local all postgres trust
host all postgres 127.0.0.0/8 scram-sha-256
host shop all 203.0.113.0/24 scram-sha-256
`;
// Nobody can come from TEST-NET-3, and what is not listened to is closed whatever the rules say.
const cluster = useCluster({ hba: before, listenAddresses: '0.0.0.0' });
const lab = useAgent(cluster);
const kim = aKeyPair('ed25519', 'kim');
const neverReopen = { roles: ['vendor'], from: [], passwordless: true };

beforeEach(async () => {
  await edit(cluster(), 'pg_hba.conf', () => before);
  await query(cluster(), 'select pg_reload_conf()');
  await query(cluster(), 'drop database if exists shop');
  await query(cluster(), 'create database shop');
  for (const name of ['shop_app', 'vendor']) {
    await query(cluster(), `drop role if exists ${name}`);
    await query(cluster(), `create role ${name} login password 'secret'`);
  }
});

/** The change is in force; what its revert answered. */
async function reverted(it: Lab, ruling?: HeldRuling) {
  const answer = await it.agent.revert({
    ...caller,
    reason: 'check-failed',
    pipelineUnfinished: false,
    ...(ruling === undefined ? {} : { ruling }),
  });
  return answer;
}

async function lockedOut(
  bend: Parameters<typeof lab>[0] = {},
  arm = { neverReopen },
): Promise<Lab & { held: Incomplete }> {
  const it = await lab({ allow: { settings: [], paths: [], sql: true }, ...bend });
  const sql = [{ database: 'postgres', statement: 'alter role vendor nologin' }];
  const { planHash } = await it.arm({ kind: 'config', files: { 'pg_hba.conf': upgraded }, sql }, arm);
  expect(await it.agent.apply({ ...caller, planHash, command: null })).toMatchObject({ kind: 'applied' });
  expect(await lets('shop_app', '127.0.2.1')).toBe(false);
  const held = await reverted(it);
  if (held.kind !== 'incomplete') throw new Error(JSON.stringify(held));
  return Object.assign(it, { held });
}

async function lets(user: string, localAddress: string): Promise<boolean> {
  const { port } = cluster();
  const at = { host: '127.0.0.1', port, user, database: 'shop', tls: false, localAddress, timeoutMs: 2_000 };
  return isLetIn(await askStartup(at));
}

const hba = (): Promise<string> => readFile(join(cluster().dataDir, 'pg_hba.conf'), 'utf8');
const canLogIn = async (): Promise<unknown> =>
  (await query(cluster(), "select rolcanlogin as it from pg_roles where rolname = 'vendor'"))[0]?.['it'];

const closed = [
  '"host shop all 203.0.113.0/24 trust" stays away',
  'role vendor stays as it is: LOGIN',
  'role vendor stays shut out by pg_hba.conf',
];

const shut = 'local "shop" "vendor" reject\nhost "shop" "vendor" all reject\n';

describe('a change that has closed something, and harms', () => {
  it('is reverted but for that, and says so in the same words at every attempt', async () => {
    const it = await lockedOut();
    expect(it.held.held?.items).toEqual(closed);
    expect(it.held.remaining.map(({ code }) => code)).toEqual(['held-back', 'held-back', 'held-back']);
    expect(it.held.remaining[0]?.hint).toContain('knowngood approve shop-db:upgrade');
    expect(await lets('shop_app', '127.0.2.1')).toBe(true);
    expect(await lets('vendor', '127.0.0.1')).toBe(false);
    const rules = await hba();
    expect(rules).toContain('host shop all 203.0.113.0/24 scram-sha-256\n');
    await it.restart();
    expect(await reverted(it)).toMatchObject({ kind: 'incomplete', held: it.held.held });
    expect(await hba()).toBe(rules);
    expect(await canLogIn()).toBe(false);
  });

  it('is reverted to the letter once it is approved', async () => {
    const it = await lockedOut();
    const hash = it.held.held?.hash ?? '';
    expect(await reverted(it, { hash: 'another', allow: true, by: 'kim' })).toMatchObject({ kind: 'incomplete' });
    expect(await reverted(it, { hash, allow: true, by: 'opened again by kim' })).toMatchObject({ kind: 'reverted' });
    expect(await hba()).toBe(before);
    expect(await canLogIn()).toBe(true);
  });

  it('is over, and leaves closed what is closed, once that is said', async () => {
    const it = await lockedOut();
    const rules = await hba();
    const ruling = { hash: it.held.held?.hash ?? '', allow: false, by: 'left closed by kim' };
    expect(await reverted(it, ruling)).toMatchObject({
      kind: 'reverted',
      conflicts: expect.arrayContaining(['role vendor stays as it is: LOGIN (left closed by kim)']),
    });
    expect([await hba(), await canLogIn()]).toEqual([rules, false]);
  });

  it('that has taken CONNECT from everybody gives it back to all but the vendor, and once approved to the vendor', async () => {
    const it = await lab({ allow: { settings: [], paths: [], sql: true } });
    const sql = [{ database: 'postgres', statement: 'revoke connect on database shop from public' }];
    const { planHash } = await it.arm({ kind: 'config', sql }, { neverReopen });
    expect(await it.agent.apply({ ...caller, planHash, command: null })).toMatchObject({ kind: 'applied' });
    const answer = await reverted(it);
    const items = ['role vendor stays shut out by pg_hba.conf'];
    expect(answer).toMatchObject({ kind: 'incomplete', held: { items } });
    expect([await lets('shop_app', '127.0.2.1'), await lets('vendor', '127.0.0.1')]).toEqual([true, false]);
    expect(await hba()).toBe(
      `# knowngood upgrade keeps closed: (role "vendor")\n${shut}# knowngood upgrade: end\n${before}`,
    );
    const hash = answer.kind === 'incomplete' ? (answer.held?.hash ?? '') : '';
    expect(await reverted(it, { hash, allow: true, by: 'kim' })).toMatchObject({ kind: 'reverted' });
    expect(await hba()).toBe(before);
  });

  it('is reverted whole on the host, by whoever says so there', async () => {
    const it = await lockedOut();
    await it.stop();
    const shown = await rescuePlan(it.config, { openTarget });
    expect(shown?.held.map(({ message }) => message).toSorted()).toEqual(closed);
    expect(await rescueRevert(it.config, { openTarget, log: it.log })).toMatchObject({ kind: 'incomplete' });
    const rescued = await rescueRevert(it.config, { openTarget, log: it.log, reopen: true });
    expect(rescued).toMatchObject({ kind: 'reverted' });
    expect([await hba(), await canLogIn()]).toEqual([before, true]);
  });

  it('is opened by no word of the orchestrator where agent.yaml closes it, but by a signature', async () => {
    const own = { ...neverReopen, declared: true, keys: [kim.line] };
    const it = await lockedOut({ neverReopen: own }, { neverReopen: { roles: [], from: [], passwordless: false } });
    const hash = it.held.held?.hash ?? '';
    const ruling = { hash, allow: true, by: 'opened again by an orchestrator' };
    expect(await reverted(it, ruling)).toMatchObject({ kind: 'incomplete', held: { items: closed } });
    for (const [key, planHash] of [
      [aKeyPair('ed25519', 'mallory'), hash],
      [kim, 'another'],
    ] as const)
      expect(await reverted(it, { ...ruling, ...signed(key, planHash) })).toMatchObject({ kind: 'incomplete' });
    expect(await reverted(it, { ...ruling, ...signed(kim, hash) })).toMatchObject({ kind: 'reverted' });
    expect(await hba()).toBe(before);
  });
});

describe('the way back to an earlier snapshot', () => {
  it('leaves the same closed, and says so in its plan', async () => {
    const { target } = await lab();
    const known = await target.capture();
    await query(cluster(), 'alter role vendor nologin');
    await edit(cluster(), 'pg_hba.conf', () => upgraded);
    await query(cluster(), 'select pg_reload_conf()');
    const restore = { snapshot: known.snapshot?.id ?? '' } as const;
    const allowance = { settings: [], paths: [], sql: true };
    const answer = await target.planRestore(await target.capture(), known, restore, { allowance, neverReopen });
    if (answer.kind === 'refused') throw new Error(JSON.stringify(answer));
    const said = answer.plan.summary.warnings.filter((warning) => warning.startsWith('stays closed: '));
    expect(said.toSorted()).toEqual(closed.map((one) => `stays closed: ${one}`));
    await target.apply(answer.plan, unfenced, silent);
    expect([await lets('shop_app', '127.0.2.1'), await lets('vendor', '127.0.0.1')]).toEqual([true, false]);
    expect([await hba(), await canLogIn()]).toEqual([
      expect.stringContaining('host shop all 203.0.113.0/24 scram-sha-256'),
      false,
    ]);
  });
});

function signed({ key }: typeof kim, planHash: string): { statement: string; signature: string } {
  const { target, changeId, runId } = caller;
  const statement = statementText({
    target,
    changeId,
    workflowId: 'knowngood:shop-db:upgrade',
    runId,
    planHash,
    risk: 'high',
    who: 'kim',
    why: 'our partner again',
    signedAt: new Date().toISOString(),
  });
  const raw = key.sign(bytesToSign(statement, approvalNamespace)) as Buffer;
  return { statement, signature: armored(key.getPublicSSH(), approvalNamespace, raw) };
}
