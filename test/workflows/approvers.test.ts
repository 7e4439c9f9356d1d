/** Approvals of known people on a real server: groups, identities, signatures made by the command and by an SSH agent. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { approvalNamespace } from '../../domain/approval-statement.ts';
import type { ChangeView } from '../../domain/view.ts';
import { verifiedKey } from '../../signing/sshsig.ts';
import { keyFileIn, peopleWhoApprove } from '../support/approvers.ts';
import { type Run, startCommand } from '../support/cli.ts';
import { eventually } from '../support/processes.ts';
import { askedAgain, lastTask } from '../support/reset.ts';
import { type Handle, useRig } from '../support/rig.ts';
import { approveAs } from '../support/sender.ts';
import { type SshAgent, aKeyPair, aLockedKeyPair, startSshAgent } from '../support/ssh-agent.ts';

const anna = aKeyPair('ed25519', 'anna');
const kim = aLockedKeyPair();
const stranger = aKeyPair('ed25519', 'stranger');
const rsa = aKeyPair('rsa', 'anna, too');

// A declared change without a restart is of low risk, one of a pipeline is of high.
const rig = useRig(peopleWhoApprove({ anna, kim }));
const harmless = { kind: 'config', settings: { work_mem: '6MB' } } as const;

let agent: SshAgent;
let annasAgent: SshAgent;
beforeAll(async () => {
  agent = await startSshAgent([rsa.key, stranger.key, anna.key, kim.key]);
  annasAgent = await startSshAgent([rsa.key, stranger.key, anna.key]);
});
afterAll(async () => {
  await agent.stop();
  await annasAgent.stop();
});

const refusal = (change: Handle, argument?: unknown, identity?: string): Promise<string> =>
  approveAs(rig(), change, argument, identity);

/** `knowngood approve --sign`, by default without an agent and without a key of one's own. */
function sign(change: Handle, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  const named = `${rig().targetName}:${change.changeId}`;
  const config = ['--config', join(rig().folder, 'knowngood.yaml')];
  return startCommand(['approve', named, '--sign', ...config, ...args], { HOME: rig().folder, ...env }).done;
}

const keyFile = (name: string, text: string): string => keyFileIn(rig(), name, text);

async function asksForSignatures(): Promise<Handle> {
  const change = await rig().start({ change: { kind: 'external' }, requestedBy: 'sam' });
  await change.reaches('approve');
  return change;
}

async function ends(change: Handle): Promise<void> {
  await change.executeUpdate('abort', { args: ['kim: enough'] });
  await change.outcome();
}

describe('a change that groups approve', () => {
  it('waits for one of each, each another person', async () => {
    const change = await rig().start({ change: harmless, requestedBy: 'ci' });
    const view = await change.reaches('approve');
    expect(view.timeline.at(-1)?.text).toBe('waiting for 2 approval(s): 1 of dba, 1 of security');
    expect(await refusal(change, 'anna@laptop: seen')).toBe('approved');
    expect(await refusal(change, 'Anna: once more')).toMatch('anna has approved this plan already');
    expect((await change.view()).approvals).toMatchObject({
      needed: 2,
      given: [{ who: 'anna', groups: ['dba'] }],
      missing: { people: 1, groups: [{ group: 'security', people: 1 }] },
    });
    expect(await refusal(change, 'sam: seen')).toBe('approved');
    const { outcome, timeline } = await change.outcome();
    expect(outcome).toBe('kept');
    const lines = timeline.map(({ text }) => text);
    expect(lines).toContain('approved by anna: seen (1 of 2; missing: 1 of security)');
    expect(lines).toContain('approved by sam: seen (2 of 2)');
  });

  it('is not approved by one person with two seats alone', async () => {
    const change = await rig().start({ change: harmless, requestedBy: 'ci' });
    await change.reaches('approve');
    expect(await refusal(change, 'kim: for both')).toBe('approved');
    expect((await change.view()).approvals).toMatchObject({ missing: { people: 1, groups: [] } });
    expect(await refusal(change, 'anna: seen')).toBe('approved');
    expect(await change.outcome()).toMatchObject({ outcome: 'kept' });
  });

  it('is not approved by one client in the names of two', async () => {
    const change = await rig().start({ change: harmless, requestedBy: 'ci' });
    await change.reaches('approve');
    expect(await refusal(change, 'anna: seen', 'root@bastion')).toBe('approved');
    expect(await refusal(change, 'kim: seen', 'Root@bastion')).toMatch(/^Root@bastion has approved .* as anna/);
    await ends(change);
  });

  it('is approved by nobody whom the file does not know', async () => {
    const change = await rig().start({ change: harmless, requestedBy: 'ci' });
    await change.reaches('approve');
    expect(await refusal(change, 'mallory: seen')).toMatch(/mallory is none of the approvers.*anna, kim, sam/);
    expect(await refusal(change)).toMatch('tester@rig is none of the approvers');
    await ends(change);
  });

  it('is not approved by its requester under another name', async () => {
    const change = await rig().start({ change: harmless, requestedBy: 'Anna@Example.com' });
    await change.reaches('approve');
    expect(await refusal(change, 'anna@laptop: seen')).toMatch('Anna@Example.com requested this change');
    await ends(change);
  });
});

describe('a change that nobody is left to approve', () => {
  it('is refused before anybody waits for it', async () => {
    const path = join(rig().folder, 'knowngood.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('high: 1, signed', 'high: 2, signed'));
    try {
      const change = await rig().start({ change: { kind: 'external' }, requestedBy: 'anna@laptop' });
      expect(await change.outcome()).toMatchObject({
        outcome: 'rejected',
        reason: 'preflight-refused',
        problems: [{ code: 'nobody-can-approve', message: expect.stringContaining('2 approvals needed, 1 possible') }],
      });
    } finally {
      writeFileSync(path, text);
    }
  });
});

describe('a change that only signatures approve', () => {
  it('tells who claims an approval which command to run', async () => {
    const change = await asksForSignatures();
    expect((await change.view()).approvals).toMatchObject({ needed: 1, signed: true, missing: { people: 1 } });
    expect(await refusal(change, 'kim: seen')).toMatch(
      `only a signed approval counts here. Run: knowngood approve ${rig().targetName}:${change.changeId} --sign`,
    );
    await ends(change);
  });

  it('is approved by a key file, and the evidence can be checked by anybody', async () => {
    const change = await asksForSignatures();
    const run = await sign(change, ['--key', keyFile('anna-key', anna.file), '--reason', 'seen the "diff"']);
    expect(run).toMatchObject({ code: 0 });
    expect(run.err).toMatch(/signed with SHA256:[^]*knowngood approval v1\n[^]*reason: "seen the \\"diff\\""/);
    await change.reaches('apply');
    const status = await startCommand(['status', change.changeId, '--config', join(rig().folder, 'knowngood.yaml')])
      .done;
    expect(status.out).toMatch(/approvals +1 of 1; signed ones only\n +approved +by anna \(signed, SHA256:.*\): seen/);
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    const { timeline } = await change.outcome();
    expect(timeline.map(({ text }) => text).join('\n')).toMatch(
      /approved by anna: seen the "diff" \(signed, SHA256:\S+; 1 of 1\)/,
    );
    const { report } = await rig().recorded(change.changeId);
    const { approvals } = (report?.json ?? {}) as unknown as { approvals: ChangeView['approvals']['given'] };
    expect(approvals).toMatchObject([{ who: 'anna', claim: expect.any(String), signedBy: { name: 'anna' } }]);
    const { statement = '', signature = '' } = approvals[0]?.evidence ?? {};
    expect(statement).toMatch(`change: ${change.changeId}\n`);
    expect(verifiedKey(statement, approvalNamespace, signature)).toMatchObject({
      fingerprint: approvals[0]?.signedBy?.fingerprint,
    });
  });

  it('is approved by the one key of an SSH agent that is listed', async () => {
    const change = await asksForSignatures();
    expect(await sign(change, ['--json'], { SSH_AUTH_SOCK: annasAgent.socketPath })).toMatchObject({ code: 0 });
    await change.reaches('apply');
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    await change.outcome();
    expect(annasAgent.signed()).toBe(1);
  });

  it('is approved from a machine that has no knowngood.yaml, and its signature approves no other change, as a Signal either', async () => {
    const change = await asksForSignatures();
    const named = `${rig().targetName}:${change.changeId}`;
    const env = { HOME: rig().folder, TEMPORAL_ADDRESS: rig().temporalAddress };
    const key = keyFile('anna-key', anna.file);
    expect(await startCommand(['approve', named, '--sign', '--key', key], env).done).toMatchObject({ code: 0 });
    await change.reaches('apply');
    const { who, evidence } = (await change.view()).approvals.given[0] ?? {};
    expect(who).toBe('anna');
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    await change.outcome();

    // Of another change, it is a Signal without effect, and said so.
    const other = await asksForSignatures();
    await other.signal('approve', evidence);
    await eventually('the timeline says so', async () =>
      (await other.view()).timeline.some(({ text }) => text.startsWith('signal approve had no effect: this change is')),
    );
    await ends(other);
  });

  it('is approved by the key of an agent whose public half is named, and by a locked one that an agent holds', async () => {
    const change = await asksForSignatures();
    const many = await sign(change, [], { SSH_AUTH_SOCK: agent.socketPath });
    expect(many.err).toMatch(/the SSH agent has 2 keys that could sign[^]*anna[^]*kim[^]*--key FILE/);
    const locked = keyFile('kim-key', kim.file);
    const alone = await sign(change, ['--key', locked]);
    expect(alone).toMatchObject({ code: 1, err: expect.stringMatching(/locked with a passphrase[^]*ssh-add/) });
    keyFile('kim-key.pub', kim.line);
    const held = await sign(change, ['--key', locked], { SSH_AUTH_SOCK: agent.socketPath });
    expect(held).toMatchObject({ code: 0 });
    await change.reaches('apply');
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    await change.outcome();
  });

  it('is not approved by keys that do not count, each with the reason', async () => {
    const change = await asksForSignatures();
    const by = async (text: string, ...args: string[]) =>
      (await sign(change, ['--key', keyFile('some-key', text), ...args])).err;
    expect(await by(stranger.file)).toMatch(/the key SHA256:\S+ is no approver's/);
    expect(await by(rsa.file)).toMatch('"ssh-rsa" is no Ed25519 key');
    expect(await by(anna.file, '--as', 'kim')).toMatch('the key of anna cannot approve in the name of kim');
    expect(await by(anna.line)).toMatch('is a public key, and no SSH agent has its private half');
    expect(await by('nothing')).toMatch('"nothing" is no Ed25519 key');
    expect((await sign(change)).err).toMatch(/there is no key to sign with[^]*ssh-keygen -t ed25519/);
    expect((await sign(change, [], { SSH_AUTH_SOCK: '/no/such/agent' })).err).toMatch('no SSH agent answers');
    const unwilling = await startSshAgent([anna.key], { refuses: true });
    expect((await sign(change, [], { SSH_AUTH_SOCK: unwilling.socketPath })).err).toMatch('the agent did not sign');
    await unwilling.stop();
    expect((await change.view()).approvals.given).toEqual([]);
    await ends(change);
  });

  it('is not approved by its requester’s signature, whoever it claims to be', async () => {
    const change = await rig().start({ change: { kind: 'external' }, requestedBy: 'anna@laptop' });
    await change.reaches('approve');
    const own = await sign(change, ['--key', keyFile('anna-key', anna.file), '--as', 'somebody@bastion']);
    expect(own.err).toMatch('anna@laptop requested this change and cannot approve it');
    await ends(change);
  });

  it('takes no key that was taken out of the file meanwhile', async () => {
    const change = await asksForSignatures();
    const path = join(rig().folder, 'knowngood.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(`keys: ['${anna.line}']`, 'keys: []'));
    try {
      expect((await sign(change, ['--key', keyFile('anna-key', anna.file)])).err).toMatch("is no approver's");
    } finally {
      writeFileSync(path, text);
    }
    await ends(change);
  });

  it('asks for new signatures after a Reset', async () => {
    const change = await asksForSignatures();
    const waiting = await lastTask(change);
    const key = keyFile('anna-key', anna.file);
    expect(await sign(change, ['--key', key])).toMatchObject({ code: 0 });
    await change.reaches('apply');
    const earlier = (await change.view()).approvals.given[0]?.evidence;
    const fresh = await askedAgain(rig(), change, waiting);
    await expect(fresh.executeUpdate('approve', { args: [earlier] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('the signed text is about run') },
    });
    expect(await sign(change, ['--key', key])).toMatchObject({ code: 0 });
    await eventually('it goes on', async () => {
      const view = await fresh.query<ChangeView>('view').catch(() => null);
      return view?.phase === 'apply';
    });
    await fresh.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    await fresh.result();
  });
});
