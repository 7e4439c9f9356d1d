/** What is live becomes known-good only by the approvals that a guarded change of the same risk would need. On real parts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { approvalNamespace, statementText } from '../../domain/approval-statement.ts';
import type { AcceptView } from '../../domain/drift/acceptance.ts';
import { armored, bytesToSign, verifiedKey } from '../../signing/sshsig.ts';
import { readKeyFile } from '../../signing/signers.ts';
import { keyFileIn, peopleWhoApprove } from '../support/approvers.ts';
import { type Run, startCommand } from '../support/cli.ts';
import { type AcceptHandle, accept, edit, look, reload, sqlOn } from '../support/drift.ts';
import { useRig } from '../support/rig.ts';
import { approveAs } from '../support/sender.ts';
import { aKeyPair } from '../support/ssh-agent.ts';

const anna = aKeyPair('ed25519', 'anna');
const kim = aKeyPair('ed25519', 'kim');
const stranger = aKeyPair('ed25519', 'stranger');

// The first known-good is of high risk, a setting that drifted of low.
const rig = useRig(peopleWhoApprove({ anna, kim }));

const refusal = (acceptance: AcceptHandle, argument?: unknown): Promise<string> =>
  approveAs(rig(), acceptance, argument);

function sign(acceptance: AcceptHandle, key: string, ...args: readonly string[]): Promise<Run> {
  const path = keyFileIn(rig(), 'some-key', key);
  const named = `${rig().targetName}:${acceptance.acceptId}`;
  const config = join(rig().folder, 'knowngood.yaml');
  return startCommand(['drift', 'approve', named, '--sign', '--key', path, '--config', config, ...args], {
    HOME: rig().folder,
  }).done;
}

async function asked(requestedBy: string): Promise<AcceptHandle> {
  const acceptance = await accept(rig(), { requestedBy });
  await acceptance.reaches('approve');
  return acceptance;
}

async function ends(acceptance: AcceptHandle): Promise<void> {
  await acceptance.executeUpdate('reject', { args: ['kim: enough'] });
  expect(await acceptance.outcome()).toMatchObject({ outcome: 'rejected' });
}

async function drifted(value: string): Promise<void> {
  await sqlOn(rig(), `alter system set work_mem = '${value}'`);
  await reload(rig());
}

/** As a machine without Knowngood would: any text, for what waits. */
async function signedBy(
  acceptance: AcceptHandle,
  view: AcceptView,
  bend: Partial<Parameters<typeof statementText>[0]> = {},
): Promise<{ statement: string; signature: string }> {
  const path = join(rig().folder, 'anna-key');
  writeFileSync(path, anna.file, { mode: 0o600 });
  const read = await readKeyFile(path);
  if (read.kind !== 'signer') throw new Error('the key is not locked');
  const statement = statementText({
    target: view.target,
    changeId: view.acceptId,
    workflowId: acceptance.workflowId,
    runId: (await acceptance.describe()).runId,
    planHash: view.snapshotId,
    risk: view.risk,
    who: 'anna',
    why: 'seen',
    signedAt: new Date().toISOString(),
    ...bend,
  });
  const { signer } = read;
  const raw = await signer.sign(bytesToSign(statement, approvalNamespace));
  return { statement, signature: armored(signer.publicKey.blob, approvalNamespace, raw) };
}

describe('an acceptance that only signatures approve', () => {
  it('is not approved by a claim, and says which command to run', async () => {
    const acceptance = await asked('sam');
    expect(await acceptance.view()).toMatchObject({
      risk: 'high',
      approvals: { needed: 1, given: [], signed: true, missing: { people: 1, groups: [] } },
    });
    expect(await refusal(acceptance, 'kim: seen')).toMatch(
      `only a signed approval counts here. Run: knowngood drift approve ${rig().targetName}:${acceptance.acceptId} --sign`,
    );
    expect((await acceptance.view()).approvals.given).toEqual([]);
    await ends(acceptance);
  });

  it('is not approved by keys that do not count, each with the reason', async () => {
    const acceptance = await asked('anna@laptop');
    expect((await sign(acceptance, stranger.file)).err).toMatch(/the key SHA256:\S+ is no approver's/);
    expect((await sign(acceptance, anna.file, '--as', 'somebody@bastion')).err).toMatch(
      'anna@laptop requested this change and cannot approve it',
    );
    expect((await sign(acceptance, kim.file, '--as', 'anna')).err).toMatch(
      'the key of kim cannot approve in the name of anna',
    );
    expect((await sign(acceptance, kim.file, '--plan-hash', '0'.repeat(12))).err).toMatch('has changed since');
    expect((await acceptance.view()).approvals.given).toEqual([]);
    await ends(acceptance);
  });

  it('is not approved by what was signed for anything else', async () => {
    const acceptance = await asked('sam');
    const view = await acceptance.view();
    const of = async (bend: Parameters<typeof signedBy>[2]) =>
      refusal(acceptance, await signedBy(acceptance, view, bend));
    expect(await of({ planHash: 'another' })).toMatch('the plan has changed since it was read');
    expect(await of({ changeId: 'another' })).toMatch('not another');
    expect(await of({ workflowId: `knowngood:${view.target}:${view.acceptId}` })).toMatch('is about workflow');
    expect(await of({ runId: 'another' })).toMatch('is about run another');
    expect(await of({ risk: 'low' })).toMatch('is about risk low, not high');
    const evidence = await signedBy(acceptance, view);
    expect(await refusal(acceptance, { ...evidence, statement: evidence.statement.replace('seen', 'sold') })).toMatch(
      /signature/,
    );
    await expect(acceptance.executeUpdate('reject', { args: [evidence] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('only an approval is signed') },
    });
    await ends(acceptance);
  });

  it('is approved by a key, and the store keeps the evidence, which anybody can check', async () => {
    const acceptance = await asked('sam');
    const { snapshotId } = await acceptance.view();
    const hash = (snapshotId ?? '').slice(0, 12);
    const run = await sign(acceptance, anna.file, '--reason', 'seen the "diff"', '--plan-hash', hash);
    expect(run).toMatchObject({
      code: 0,
      out: expect.stringMatching(/approve: recorded \(signed, SHA256:\S+; 1 of 1\)/),
    });
    expect(run.err).toMatch(/signed with SHA256:[^]*knowngood approval v1\n[^]*workflow: knowngood-accept:/);
    const result = await acceptance.outcome();
    expect(result).toMatchObject({ outcome: 'accepted', snapshotId, approvals: [{ who: 'anna' }] });
    const stored = await rig().accepted(snapshotId ?? '');
    expect(stored?.approvals).toEqual(result.approvals);
    const [approval] = stored?.approvals ?? [];
    expect(approval).toMatchObject({
      who: 'anna',
      groups: ['dba'],
      why: 'seen the "diff"',
      signedBy: { name: 'anna' },
    });
    const { statement = '', signature = '' } = approval?.evidence ?? {};
    expect(statement).toMatch(`plan: ${snapshotId}\n`);
    expect(verifiedKey(statement, approvalNamespace, signature)).toMatchObject({
      fingerprint: approval?.signedBy?.fingerprint,
    });
    expect(await look(rig())).toMatchObject({ kind: 'clean' });
  });
});

describe('an acceptance that groups approve', () => {
  it('waits for one of each, each another person, and the store keeps of which groups they are', async () => {
    await drifted('9MB');
    const acceptance = await asked('ci');
    expect(await acceptance.executeUpdate('approve', { args: ['anna@laptop: seen'] })).toBe(
      'approve: recorded (1 of 2; missing: 1 of security)',
    );
    expect(await refusal(acceptance, 'Anna: once more')).toMatch('anna has approved this plan already');
    expect(await refusal(acceptance, 'mallory: seen')).toMatch(/mallory is none of the approvers.*anna, kim, sam/);
    expect(await refusal(acceptance)).toMatch('tester@rig is none of the approvers');
    expect(await acceptance.view()).toMatchObject({
      phase: 'approve',
      risk: 'low',
      approvals: { needed: 2, given: [{ who: 'anna' }], missing: { people: 1, groups: [{ group: 'security' }] } },
    });
    expect(await refusal(acceptance, 'sam: seen')).toBe('approved');
    const { outcome, snapshotId } = await acceptance.outcome();
    expect(outcome).toBe('accepted');
    expect((await rig().accepted(snapshotId ?? ''))?.approvals).toMatchObject([
      { who: 'anna', groups: ['dba'] },
      { who: 'sam', groups: ['security'] },
    ]);
  });

  it('is not approved by one person with two seats alone', async () => {
    await drifted('10MB');
    const acceptance = await asked('ci');
    expect(await refusal(acceptance, 'kim: for both')).toBe('approved');
    expect(await acceptance.view()).toMatchObject({
      phase: 'approve',
      approvals: { missing: { people: 1, groups: [] } },
    });
    await ends(acceptance);
  });

  it('is not approved by its requester under another name', async () => {
    const acceptance = await asked('Anna@Example.com');
    expect(await refusal(acceptance, 'anna@laptop: seen')).toMatch('Anna@Example.com requested this change');
    expect(await refusal(acceptance, 'ANNA: seen')).toMatch('Anna@Example.com requested this change');
    await ends(acceptance);
  });
});

describe('an acceptance that was approved', () => {
  it('is none for what would by now take access from somebody else', async () => {
    await edit(rig(), 'pg_hba.conf', (text) => text.replace('127.0.2.0/24', '127.0.2.1/32'));
    await reload(rig());
    const acceptance = await asked('ci');
    const path = join(rig().folder, 'knowngood.yaml');
    const text = readFileSync(path, 'utf8');
    const declared = 'access: [{ user: image_svc, database: shop, from: 127.0.2.5 }]';
    writeFileSync(
      path,
      text.replace('    team: application\n', (line) => `${line}    ${declared}\n`),
    );
    try {
      expect(await sign(acceptance, anna.file)).toMatchObject({ code: 0 });
      expect(await acceptance.outcome()).toMatchObject({ outcome: 'moved', snapshotId: null });
    } finally {
      writeFileSync(path, text);
      await edit(rig(), 'pg_hba.conf', (rules) => rules.replace('127.0.2.1/32', '127.0.2.0/24'));
      await reload(rig());
    }
  });
});

describe('an acceptance that nobody is left to approve', () => {
  it('is refused before anybody waits for it', async () => {
    const path = join(rig().folder, 'knowngood.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('low: { dba: 1, security: 1 }', 'low: { dba: 2 }'));
    try {
      const acceptance = await accept(rig(), { requestedBy: 'anna@laptop' });
      expect(await acceptance.outcome()).toMatchObject({
        outcome: 'refused',
        problems: [{ code: 'nobody-can-approve', message: expect.stringContaining('2 of dba needed, 1 possible') }],
      });
    } finally {
      writeFileSync(path, text);
    }
  });
});

describe('an acceptance that the policy asks nobody about, of a target that nothing watches', () => {
  it('is approved by one of the approvers, and by nobody else', async () => {
    const path = join(rig().folder, 'knowngood.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      text
        .replace('level: required', 'level: advisory')
        .replace(/approvals: \{.*\}$/m, 'approvals: { low: 0, high: 0 }'),
    );
    try {
      const acceptance = await asked('ci');
      expect(await acceptance.view()).toMatchObject({ risk: 'low', approvals: { needed: 1, missing: { people: 1 } } });
      expect(await refusal(acceptance, 'mallory: seen')).toMatch('mallory is none of the approvers');
      expect(await refusal(acceptance, 'sam: seen')).toBe('approved');
      expect(await acceptance.outcome()).toMatchObject({ outcome: 'accepted' });
    } finally {
      writeFileSync(path, text);
    }
  });
});
