/** A revert that holds something back: everything else is back at once, and a security approver decides about the rest. */
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { keyFileIn } from '../support/approvers.ts';
import { startCommand } from '../support/cli.ts';
import { record } from '../support/record.ts';
import { type Handle, useRig } from '../support/rig.ts';
import { approveAs } from '../support/sender.ts';
import { aKeyPair } from '../support/ssh-agent.ts';

const kim = aKeyPair('ed25519', 'kim');

const rig = useRig({
  policy: 'approvals: { high: 0, signed: high }\n    neverReopen: { roles: [vendor], approvedBy: security }',
  approvers: `
approvers:
  anna: {}
  kim: { keys: ['${kim.line}'] }
groups: { security: [kim] }
`,
  // What agent.yaml closes, no word of the orchestrator opens: the agent reads the signature itself.
  agentYaml: () => `allow: { sql: true }\nneverReopen: { roles: [vendor], keys: ['${kim.line}'] }`,
});

/** It locks the dependent out, and takes the login from a vendor. */
async function revertedButForTheVendor(): Promise<Handle> {
  await sql('drop role if exists vendor');
  await sql('create role vendor login');
  const change = await rig().start({
    change: {
      kind: 'config',
      files: { 'pg_hba.conf': await rig().hbaWithoutDependent() },
      sql: [{ database: 'postgres', statement: 'alter role vendor nologin' }],
    },
  });
  await change.reaches('revert-incomplete');
  return change;
}

async function sql(text: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: rig().target.url() });
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, unknown>>(text)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

const canLogIn = (): Promise<unknown> => sql("select rolcanlogin from pg_roles where rolname = 'vendor'");

describe('what a revert never opens again by itself', () => {
  it('is opened by the signature of a security approver, while the dependents are well already', async () => {
    const before = await rig().configuration();
    const change = await revertedButForTheVendor();
    const view = await change.view();
    expect(view.possible).toEqual(['approve', 'reject', 'abandon']);
    expect(view.held?.items).toEqual(['role vendor stays as it is: LOGIN']);
    expect(view.approvals).toMatchObject({
      needed: 1,
      signed: true,
      missing: { groups: [{ group: 'security', people: 1 }] },
    });
    expect(await rig().configuration()).toEqual(before);
    expect(await canLogIn()).toBe(false);
    expect(await approveAs(rig(), change, 'anna: go on')).toMatch('only a signed approval counts here');
    const key = keyFileIn(rig(), 'kim', kim.file);
    const named = `${rig().targetName}:${change.changeId}`;
    const config = ['--config', join(rig().folder, 'knowngood.yaml')];
    const args = ['approve', named, '--sign', '--key', key, '--reason', 'our partner again', ...config];
    const { code, err } = await startCommand(args, { HOME: rig().folder }).done;
    expect([code, err]).toEqual([0, expect.stringContaining(`plan: ${view.held?.hash ?? ''}`)]);
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'check-failed', dependents: 'recovered' });
    expect(result.timeline.map(({ text }) => text)).toContain('all dependents answer again');
    expect(await canLogIn()).toBe(true);
    await record(change, result, 'reverted-held-back-then-opened');
  });

  it('stays closed when somebody says so, and the revert is over', async () => {
    const change = await revertedButForTheVendor();
    await change.executeUpdate('reject', { args: ['anna: they stay out'] });
    const result = await change.outcome();
    expect(result).toMatchObject({
      outcome: 'reverted',
      conflicts: ['role vendor stays as it is: LOGIN (left closed by anna: they stay out)'],
    });
    expect(await canLogIn()).toBe(false);
    await record(change, result, 'reverted-held-back-left-closed');
  });
});
