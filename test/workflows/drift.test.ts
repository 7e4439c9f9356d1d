/** Drift on real parts: what people change by hand is seen, told once with whom it hits, and told when it is gone. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Notice } from '../../domain/notify/notice.ts';
import { accept, edit, look, reload, sqlOn } from '../support/drift.ts';
import { differs, useRig } from '../support/rig.ts';

const rig = useRig();

beforeAll(async () => {
  await (await accept(rig())).outcome();
});

/** The one notice of a look. */
async function told(): Promise<Notice> {
  const { told: notices, ...rest } = await look(rig());
  expect({ ...rest, notices: notices.length }).toMatchObject({ notices: 1 });
  return notices[0] as Notice;
}

const nothing = { kind: 'clean', told: [] };
const rule = 'host shop image_svc 127.0.2.0/24 scram-sha-256\n';

describe('a line that somebody takes out of pg_hba.conf', () => {
  it('and reloads is told once, with the dependent that it locks out and the line', async () => {
    expect(await look(rig())).toMatchObject(nothing);
    await edit(rig(), 'pg_hba.conf', (text) => text.replace(rule, ''));
    await reload(rig());
    const notice = await told();
    expect(notice).toMatchObject({
      kind: 'drift',
      severity: 'critical',
      target: rig().targetName,
      changeId: null,
      dependents: ['image-service'],
      headline: `${rig().targetName} drifted from known-good: pg_hba.conf (in force); image-service loses access`,
    });
    expect(notice.facts[0]).toMatch(
      /^image_svc to shop from 127\.0\.2\.1 \(image-service\) loses access; the rule "?host shop image_svc 127\.0\.2\.0\/24 scram-sha-256"? \(pg_hba\.conf:3\) is gone; /,
    );
    expect(notice.facts.join('\n')).toMatch(/pg_hba\.conf was last changed .* UTC, the server last loaded/);
    expect(notice.actions).toContain(`knowngood drift revert ${rig().targetName}`);
    expect(await look(rig())).toMatchObject({ kind: 'drifted', told: [] });
  });

  it('is told to be gone when it is back', async () => {
    await edit(rig(), 'pg_hba.conf', (text) => text + rule);
    await reload(rig());
    expect(await told()).toMatchObject({
      kind: 'drift-gone',
      severity: 'warning',
      dependents: ['image-service'],
      headline: expect.stringContaining('it is as its known-good snapshot again'),
    });
    expect(await look(rig())).toMatchObject(nothing);
  });

  it('and does not reload is told as what the next reload will do', async () => {
    await edit(rig(), 'pg_hba.conf', (text) => text.replace(rule, ''));
    const notice = await told();
    expect(notice).toMatchObject({ severity: 'warning', dependents: ['image-service'] });
    expect(notice.headline).toMatch(
      /pg_hba\.conf \(on disk only, takes effect at the next reload or restart\); image-service would lose access$/,
    );
    await reload(rig());
    // It is another drift once it is in force.
    expect((await told()).headline).toMatch(/ drifted further: pg_hba\.conf \(in force\); image-service loses access$/);
    await edit(rig(), 'pg_hba.conf', (text) => text + rule);
    await reload(rig());
    expect((await told()).kind).toBe('drift-gone');
  });

  it('so that it does not load is told as what would keep the server from starting', async () => {
    await edit(rig(), 'pg_hba.conf', (text) => `${text}host shop nobody 10.0.0.0/33 md5\n`);
    const notice = await told();
    expect(notice.headline).toMatch(/pg_hba\.conf \(does not load: the server keeps what it has/);
    expect(notice.facts.join('\n')).toMatch(/pg_hba\.conf line 4 does not load/);
    await edit(rig(), 'pg_hba.conf', (text) => text.replace(/host shop nobody.*\n/, ''));
    await reload(rig());
    await look(rig());
  });
});

describe('what somebody changes over SQL', () => {
  it('ALTER SYSTEM without a reload waits on the disk, and with one it is in force', async () => {
    await sqlOn(rig(), `alter system set work_mem = '13MB'`);
    expect((await told()).headline).toMatch(/postgresql\.auto\.conf \(on disk only/);
    await reload(rig());
    const notice = await told();
    expect(notice.headline).toMatch(/drifted further: postgresql\.auto\.conf and work_mem \(in force\)$/);
    expect(notice).toMatchObject({ severity: 'warning', dependents: [] });
    expect(notice.facts).toContain('work_mem: 4MB → 13MB (in force)');
    await sqlOn(rig(), 'alter system set max_connections = 77');
    await reload(rig());
    const more = await told();
    expect(more.facts.join('\n')).toMatch(/max_connections: waits for a restart \(waits for the next restart\)/);
    expect(more.facts.join('\n')).toMatch(/74 connections for everybody but superusers, 97 before/);
    await sqlOn(rig(), 'alter system reset all');
    await reload(rig());
    expect((await told()).kind).toBe('drift-gone');
  });

  it('a role that may not log in any more is told with the dependent that it is', async () => {
    await sqlOn(rig(), 'alter role image_svc nologin');
    const notice = await told();
    expect(notice).toMatchObject({ severity: 'critical', dependents: ['image-service'] });
    expect(notice.headline).toMatch(/role image_svc \(in force\); image-service loses access$/);
    expect(notice.facts.join('\n')).toMatch(/since between .* when it was last seen otherwise, and /);
    await sqlOn(rig(), 'alter role image_svc login');
    expect((await told()).kind).toBe('drift-gone');
  });

  it('tables that come and go are the business of applications', async () => {
    await sqlOn(rig(), 'create table made_by_a_migration (id int)', 'create index on made_by_a_migration (id)');
    expect(await look(rig())).toMatchObject(nothing);
    await sqlOn(rig(), 'grant select on made_by_a_migration to image_svc', 'drop table made_by_a_migration');
    expect(await look(rig())).toMatchObject(nothing);
  });
});

describe('a look', () => {
  it('does nothing while a change is open', async () => {
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '6MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    expect(await look(rig())).toMatchObject({
      kind: 'not-looked',
      summary: `change ${change.changeId} is open on ${rig().targetName}, in phase applied`,
      told: [],
    });
    await change.executeUpdate('abort', { args: ['kim: no'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'reverted' });
    expect(await look(rig())).toMatchObject(nothing);
  });

  it('announces a change that was reverted and is made again, by its name', async () => {
    const change = await rig().start({
      change: { kind: 'config', settings: { work_mem: '21MB' } },
      overrides: { soak: '60s' },
    });
    await change.reaches('watch');
    await change.executeUpdate('abort', { args: ['kim: no'] });
    await change.outcome();
    await sqlOn(rig(), `alter system set work_mem = '21MB'`);
    await reload(rig());
    const notice = await told();
    expect(notice.facts.join('\n')).toMatch(
      new RegExp(`2 items as change ${change.changeId} had left it, which was reverted .*mend its source`),
    );
    await sqlOn(rig(), 'alter system reset work_mem');
    await reload(rig());
    await look(rig());
  });

  it('says that the agent is away, and ends', async () => {
    await rig().stopAgent();
    try {
      const { kind, summary, told: notices } = await look(rig());
      expect({ kind, summary, notices }).toEqual({
        kind: 'not-looked',
        summary: `no agent answers for target ${rig().targetName}`,
        notices: [],
      });
    } finally {
      await rig().startAgent();
    }
  });

  it('writes nothing to the target', async () => {
    const before = await rig().configuration();
    await look(rig());
    expect(differs(before, await rig().configuration())).toBe(false);
  });
});
