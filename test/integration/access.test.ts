/** `knowngood plan` and `knowngood access` on real parts: who gets in, by which rule, and who would not any more. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { type Run, command } from '../support/cli.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig({ accessLost: 'refused' });
const folder = mkdtempSync(join(tmpdir(), 'knowngood-access-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const knowngood = (...args: string[]): Promise<Run> =>
  command(...args, '--config', join(rig().folder, 'knowngood.yaml'));

async function tidyUp(): Promise<string> {
  writeFileSync(join(folder, 'hba.conf'), await rig().hbaWithoutDependent());
  const path = join(folder, 'change.yaml');
  writeFileSync(path, `target: ${rig().targetName}\nreason: tidy up\nchange: { files: { pg_hba.conf: ./hba.conf } }\n`);
  return path;
}

it('explain: whom the dependents declare, by which rule', async () => {
  const { code, out } = await knowngood('access', 'explain', rig().targetName);
  expect(code).toBe(0);
  expect(out).toMatch(
    /^image_svc to shop from 127\.0\.2\.1 \(image-service\)\n {2}allowed\n {4}by pg_hba\.conf:3 host shop image_svc 127\.0\.2\.0\/24 scram-sha-256/,
  );
});

it('explain: one principal, as far as rules cut up where it comes from', async () => {
  const asked = ['--user', 'image_svc', '--database', 'shop', '--from', '127.0.0.0/16'];
  const { code, out } = await knowngood('access', 'explain', rig().targetName, ...asked);
  expect(code).toBe(0);
  expect(out).toContain('denied for 127.0.0.0: no rule of pg_hba.conf is for user image_svc');
  expect(out).toContain('allowed for 127.0.2.0\n    by pg_hba.conf:3');
  const json = (await knowngood('access', 'explain', rig().targetName, ...asked, '--json')).json();
  expect(json['answers']).toMatchObject([{ ways: [{ example: '127.0.0.0' }, { access: { kind: 'allowed' } }] }]);
  const wrong = await knowngood('access', 'explain', rig().targetName, '--user', 'image_svc', '--from', 'shop.example');
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('"shop.example" is not an address') });
});

it('simulate and plan: who would lose access, by which line, exit code 13, nothing touched', async () => {
  const before = await rig().configuration();
  const file = await tidyUp();
  for (const words of [['access', 'simulate'], ['plan']]) {
    const { code, out, err } = await knowngood(...words, file);
    expect(code).toBe(13);
    expect(out).toContain('risk refused');
    expect(out).toMatch(
      /LOSES ACCESS\n {2}image_svc to shop from 127\.0\.2\.1 \(image-service\)\n {4}the rule host shop image_svc/,
    );
    expect(err).toMatch(/ERROR: {2}image_svc to shop.*\n(HINT|DETAIL): /);
  }
  expect(await rig().configuration()).toEqual(before);
});

it('plan --markdown: fit for a comment on a pull request', async () => {
  const { code, out } = await knowngood('plan', await tidyUp(), '--markdown');
  expect(code).toBe(13);
  expect(out).toContain('would be **refused**');
  expect(out).toContain('**Loses access**');
  expect(out).toContain('```diff');
});

it('plan --json: a class, its reasons, and the impact', async () => {
  const run = await knowngood('plan', await tidyUp(), '--json');
  expect(run.code).toBe(13);
  expect(run.json()['plan']).toMatchObject({
    risk: 'refused',
    reasons: [
      { rule: 'accessLost', risk: 'refused' },
      { rule: 'access', risk: 'high' },
    ],
    access: { lost: [{ user: 'image_svc', database: 'shop', verdict: 'lost' }], unchanged: 1 },
  });
});
