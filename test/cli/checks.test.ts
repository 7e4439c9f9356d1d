/** `knowngood checks prove`, on real parts. */
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { command } from '../support/cli.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig({
  rehearsal: true,
  checks: (target) => `
      page:
        http: { url: http://127.0.0.1:9/, status: 200 }
        level: advisory
  other-service:
    uses: ${target}
    access: [{ user: image_svc, database: shop }]
    checks:
      wrong-role:
        sql: { as: postgres, database: shop, query: select 1, sslmode: disable }
        level: required`,
});

it('says which checks would notice, and fails for a required one that would not', async () => {
  const config = ['--config', join(rig().folder, 'knowngood.yaml')];
  const before = await rig().configuration();
  const run = await command('checks', 'prove', rig().targetName, ...config);
  expect(run).toMatchObject({ code: 13 });
  expect(run.out).toMatch(/sensitive +image-service\/login +sql +required +red with 28000/);
  expect(run.out).toMatch(/insensitive +other-service\/wrong-role +sql +required/);
  expect(run.out).toMatch(/unproven +image-service\/page +http +advisory/);
  const json = await command('checks', 'prove', rig().targetName, ...config, '--json');
  expect(json.json()).toMatchObject({ version: 1, exitCode: 13, target: rig().targetName });
  expect(await command('checks', 'prove', 'nobody', ...config)).toMatchObject({ code: 1 });
  expect(await rig().configuration()).toEqual(before);
});
