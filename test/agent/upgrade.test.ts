/** A named command that puts a newer server in the old one's place: what is said, carried over, and put back. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { AgentConfig, NamedCommand } from '../../domain/config.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { freePort } from '../../worker/stack/ports.ts';
import { type Lab, caller, useAgent } from '../support/agent.ts';

let old: Cluster;
let young: Cluster;
beforeEach(async () => {
  const port = await freePort();
  old = await createCluster({ major: 16, port, ownIdentity: true, settings: { work_mem: '8MB' } });
  young = await createCluster({ major: 17, port, ownIdentity: true, start: false });
}, 60_000);
afterEach(async () => {
  await young?.remove();
  await old?.remove();
});

const lab = useAgent(() => old);
const reason = { reason: 'check-failed', pipelineUnfinished: false } as const;
const change = { kind: 'command', name: 'upgrade' } as const;
const words = (argv: readonly string[]): string => argv.map((word) => `'${word}'`).join(' ');

async function sql<T extends pg.QueryResultRow>(text: string): Promise<T[]> {
  const client = new pg.Client(old.url());
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}
const server = async (): Promise<unknown> =>
  (
    await sql(
      `select split_part(current_setting('server_version'), '.', 1) as major, current_setting('work_mem') as work_mem`,
    )
  )[0];

/** The new server takes the old one's port; `undo` the other way round. */
async function upgrading(upgrade: NonNullable<NamedCommand['upgrade']>): Promise<{ it: Lab; input: ApplyInput }> {
  const options = (cluster: Cluster): string => `-p ${old.port} -k ${cluster.socketDir}`;
  const start = (cluster: Cluster): string =>
    `mkdir -p ${cluster.socketDir}; chmod 777 ${cluster.socketDir}; ${words(cluster.pgCtl('start', '-w', '-s', '-o', options(cluster)))}`;
  const stop = (cluster: Cluster): string => words(cluster.pgCtl('stop', '-w', '-m', 'fast', '-s'));
  const run = ['sh', '-ec', `${stop(old)}; ${start(young)}`];
  const undone = join(old.dataDir, '..', 'undone');
  const undo = ['sh', '-ec', `echo undone >> ${undone}; test ! -e ${undone}.broken; ${stop(young)}; ${start(old)}`];
  const declared = upgrade.undo === null ? upgrade : { ...upgrade, undo: { ...upgrade.undo, run: undo } };
  const commands: AgentConfig['commands'] = { upgrade: { run, timeoutMs: 30_000, restarts: true, upgrade: declared } };
  const it = await lab({ commands, restart: young.pgCtl('restart', '-w', '-m', 'fast', '-s') });
  const { planHash } = await it.arm(change);
  return { it, input: { ...caller, planHash, command: 'upgrade' } };
}
type ApplyInput = Parameters<Lab['agent']['apply']>[0];

/** Beside the cluster's own: the agent's password is the old server's. */
async function samePassword(): Promise<void> {
  const [row] = await sql<{ verifier: string }>(
    "select rolpassword as verifier from pg_authid where rolname = 'postgres'",
  );
  const { socketDir: host, port } = young;
  await old.stop();
  await young.start();
  const client = new pg.Client({ host, port, user: 'postgres', database: 'postgres' });
  await client.connect();
  await client.query(`alter role postgres password ${pg.escapeLiteral(row?.verifier ?? '')}`);
  // Everything that the old server held: what an upgrade forgets is said, and keeps a revert from being complete.
  await client.query('create database store');
  await client.end();
  await young.stop();
  await old.start();
}

describe('a command that upgrades the server', () => {
  it('is reverted by carrying the configuration over to the new server, and says so beforehand', async () => {
    await samePassword();
    const { it, input } = await upgrading({ onRevert: 'configuration', undo: null });
    const applied = await it.agent.apply(input);
    expect(applied).toMatchObject({ kind: 'applied', restarted: true });
    const warnings = applied.kind === 'applied' ? applied.plan.warnings.join('\n') : '';
    expect(warnings).toContain('The server is another one now: PostgreSQL 17');
    expect(warnings).toContain('does not put the old server back');
    expect(await server()).toEqual({ major: '17', work_mem: '4MB' });
    const answer = await it.agent.revert({ ...caller, ...reason });
    expect(answer).toMatchObject({ kind: 'reverted', conflicts: [] });
    expect(await server()).toEqual({ major: '17', work_mem: '8MB' });
  }, 60_000);

  it('is reverted by its undo where that is what the agent is told: the old server is back, and as it was', async () => {
    await samePassword();
    const { it, input } = await upgrading({ onRevert: 'undo', undo: { run: ['-'], timeoutMs: 30_000 } });
    const applied = await it.agent.apply(input);
    expect(applied.kind === 'applied' && applied.plan.warnings.join('\n')).toContain('the point of no return');
    const log = join(old.dataDir, '..', 'undone');
    await writeFile(`${log}.broken`, '');
    expect(await it.agent.revert({ ...caller, ...reason })).toMatchObject({
      kind: 'incomplete',
      remaining: [{ code: 'undo-failed' }],
    });
    expect(await server()).toMatchObject({ major: '17' });
    await rm(`${log}.broken`);
    const answer = await it.agent.revert({ ...caller, ...reason });
    expect(answer).toMatchObject({ kind: 'reverted' });
    expect(readFileSync(log, 'utf8')).toBe('undone\nundone\n');
    expect(await server()).toEqual({ major: '16', work_mem: '8MB' });
    // Whoever asks again gets the same end, and nothing is done twice.
    expect(await it.agent.revert({ ...caller, ...reason })).toEqual(answer);
    expect(readFileSync(log, 'utf8')).toBe('undone\nundone\n');
  }, 60_000);

  it('is past the point of no return once it is confirmed', async () => {
    await samePassword();
    const { it, input } = await upgrading({ onRevert: 'undo', undo: { run: ['-'], timeoutMs: 30_000 } });
    await it.agent.apply(input);
    expect(await it.agent.confirm({ ...caller, acceptDrift: false })).toMatchObject({ kind: 'confirmed' });
    expect(await it.agent.revert({ ...caller, ...reason })).toMatchObject({ kind: 'closed', phase: 'confirmed' });
    expect(existsSync(join(old.dataDir, '..', 'undone'))).toBe(false);
    expect(await server()).toMatchObject({ major: '17' });
  }, 60_000);
});
