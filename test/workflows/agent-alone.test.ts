/** What the agent's side does on its own reaches the workflow: rescued on the host, lost state, nobody there. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { loadAgentConfig } from '../../config/load.ts';
import { rescue } from '../../worker/rescue.ts';
import { eventually } from '../support/processes.ts';
import { differs, useRig } from '../support/rig.ts';

const rig = useRig();
const another = { change: { kind: 'config', settings: { work_mem: '9MB' } }, overrides: { soak: '60s' } } as const;
const aChange = { change: { kind: 'config', settings: { work_mem: '8MB' } }, overrides: { soak: '60s' } } as const;

describe('a change whose end comes from the host', () => {
  it('ends soon after a rescue, and not at the end of its soak', async () => {
    const before = await rig().configuration();
    const change = await rig().start(aChange);
    await change.reaches('watch');
    const config = await loadAgentConfig(join(rig().folder, 'agent.yaml'));
    await rescue(config).revert();
    expect(await rig().configuration()).toEqual(before);
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'reverted', reason: 'rescued-on-host', dependents: 'recovered' });
    expect(result.moments.closed - result.moments.started).toBeLessThan(40_000);
  });

  it('ends soon after a rescue while its pipeline still works', async () => {
    const change = await rig().start({ change: { kind: 'external' } });
    await change.executeUpdate('awaitArmed');
    await rescue(await loadAgentConfig(join(rig().folder, 'agent.yaml'))).revert();
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'rescued-on-host' });
  });

  it('does not let a pipeline in any more, before the workflow has heard of it', async () => {
    const change = await rig().start({ change: { kind: 'external' } });
    await change.reaches('apply');
    await rescue(await loadAgentConfig(join(rig().folder, 'agent.yaml'))).revert();
    expect(await change.executeUpdate('awaitArmed')).toMatchObject({
      armed: false,
      why: 'the agent has begun to revert it by itself',
    });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'rescued-on-host' });
  });

  it('is not called reverted when the agent has lost its journal', async () => {
    const change = await rig().start(aChange);
    await change.reaches('watch');
    await rig().stopAgent();
    await rm(join(rig().folder, 'state'), { recursive: true });
    await rig().startAgent();
    await change.executeUpdate('abort', { args: ['kim: stop'] });
    const view = await change.reaches('revert-incomplete');
    expect(view.remaining[0]).toMatchObject({ code: 'journal-lost' });
    await change.executeUpdate('abandon', { args: ['kim: by hand'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'abandoned' });
  });
});

describe('a pipeline whose agent is away', () => {
  it('is let in when the agent is there again and says that the change is still armed', async () => {
    const change = await rig().start({ change: { kind: 'external' } });
    await change.reaches('apply');
    await rig().stopAgent();
    const asked = change.executeUpdate('awaitArmed');
    const early = await Promise.race([asked, sleep(3_000, 'not yet')]);
    expect(early).toBe('not yet');
    await rig().startAgent();
    expect(await asked).toMatchObject({ armed: true });
    await change.executeUpdate('failed', { args: [{ exitCode: 1 }] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'pipeline-failed' });
  });
});

describe('a revert whose agent is away', () => {
  it('is said to be incomplete, and is done when the agent is there again', async () => {
    const before = await rig().configuration();
    const change = await rig().start(another);
    await change.reaches('watch');
    await rig().stopAgent();
    await change.executeUpdate('abort', { args: ['kim: stop'] });
    const view = await change.reaches('revert-incomplete', 40_000);
    expect(view.remaining).toMatchObject([{ code: 'no-agent' }]);
    expect(view.possible).toEqual(['abandon']);
    expect(await rig().configuration()).not.toEqual(before);
    await rig().startAgent();
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted', reason: 'aborted-by-operator' });
    expect(await rig().configuration()).toEqual(before);
  });

  it('is taken over by a person, who is told what the agent will do', async () => {
    const before = await rig().configuration();
    const change = await rig().start(another);
    await change.reaches('watch');
    await rig().stopAgent();
    await change.executeUpdate('abort', { args: ['kim: stop'] });
    await change.reaches('revert-incomplete', 40_000);
    await change.executeUpdate('abandon', { args: ['kim: the host burns'] });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'abandoned' });
    expect(result.summary).toContain('the agent could not be told');
    await rig().startAgent();
    await eventually('the agent reverts', async () => !differs(await rig().configuration(), before), 30_000);
  }, 180_000);
});

describe('a target without an agent', () => {
  it('is said within ten seconds', async () => {
    await rig().stopAgent();
    const beganAt = Date.now();
    const change = await rig().start(aChange);
    expect(await change.outcome()).toMatchObject({ outcome: 'rejected', reason: 'no-agent' });
    expect(Date.now() - beganAt).toBeLessThan(10_000);
    expect((await rig().recorded(change.changeId)).row).toMatchObject({ outcome: 'rejected' });
    await rig().startAgent();
  });
});
