/** What is refused before the first write: who would lose access, and by which line. On real parts. */
import { describe, expect, it } from '@jest/globals';
import { useRig } from '../support/rig.ts';

const rig = useRig({
  accessLost: 'refused',
  policy: 'approvals: { low: 0, high: 1 }\n    fourEyes: false',
  agentYaml: () => 'allow: { sql: true }',
});

const text = (problems: readonly { readonly message: string }[]): string =>
  problems.map(({ message }) => message).join('\n');

describe('a change by which a dependent loses access', () => {
  it('is refused before anything is written, and says who and by which line', async () => {
    const before = await rig().configuration();
    const hba = await rig().hbaWithoutDependent();
    const change = await rig().start({ change: { kind: 'config', files: { 'pg_hba.conf': hba } } });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'rejected', reason: 'preflight-refused' });
    expect(text(result.problems)).toMatch(
      /^image_svc to shop from 127\.0\.2\.1 \(image-service\): the rule host shop image_svc .* is gone; no rule of pg_hba\.conf/,
    );
    const { plan } = await change.view();
    expect(plan?.risk).toBe('refused');
    expect(plan?.access?.lost).toMatchObject([
      {
        user: 'image_svc',
        because: [
          'the rule host shop image_svc 127.0.2.0/24 scram-sha-256 (pg_hba.conf:3) is gone',
          expect.stringMatching(/^no rule of pg_hba.conf is for user image_svc, database shop, from 127.0.2.1/),
        ],
      },
    ]);
    expect(await rig().configuration()).toEqual(before);
  });

  it('waits for an approval when the loss is meant', async () => {
    const hba = await rig().hbaWithoutDependent();
    const change = await rig().start({
      change: { kind: 'config', files: { 'pg_hba.conf': hba } },
      overrides: { allowAccessLoss: true },
    });
    const view = await change.reaches('approve');
    expect(view.plan).toMatchObject({ risk: 'high' });
    await change.executeUpdate('reject', { args: ['kim: not this one'] });
    expect(await change.outcome()).toMatchObject({ outcome: 'rejected', reason: 'rejected-by-operator' });
  });

  it('is refused for what SQL takes away, too', async () => {
    for (const [statement, why] of [
      ['alter role image_svc nologin', 'role image_svc is not permitted to log in'],
      ['revoke connect on database shop from public', 'image_svc has no CONNECT privilege on database shop'],
      ['alter database shop with allow_connections false', 'database shop does not accept connections'],
    ] as const) {
      const change = await rig().start({ change: { kind: 'config', sql: [{ database: 'postgres', statement }] } });
      const result = await change.outcome();
      expect(result).toMatchObject({ outcome: 'rejected', reason: 'preflight-refused' });
      expect(text(result.problems)).toContain(why);
    }
  });
});

describe('a change that would lock out', () => {
  it('Knowngood itself is refused, whatever was allowed', async () => {
    const hba =
      'local all all reject\nhost all postgres 127.0.0.0/8 reject\nhost shop image_svc 127.0.2.0/24 scram-sha-256\n';
    const change = await rig().start({
      change: { kind: 'config', files: { 'pg_hba.conf': hba } },
      overrides: { allowAccessLoss: true },
    });
    const result = await change.outcome();
    expect(result).toMatchObject({ outcome: 'rejected', reason: 'preflight-refused' });
    expect(text(result.problems)).toMatch(
      /postgres to postgres from 127\.0\.0\.1 \(Knowngood itself\): .*; the rule rejects/,
    );
    expect(text(result.problems)).toContain('no superuser is let in on the database host any more');
  });
});

describe('a change that opens more than anybody may have meant', () => {
  it('waits for an approval, and says what', async () => {
    const change = await rig().start({
      change: { kind: 'config', hba: [{ add: 'host all all 0.0.0.0/0 trust' }] },
    });
    const { plan } = await change.reaches('approve');
    const widened = plan?.access?.widened.map(({ what }) => what);
    expect(widened).toEqual(['trust', 'every-address']);
    await change.executeUpdate('abort', { args: ['kim: seen'] });
    await change.outcome();
  });
});
