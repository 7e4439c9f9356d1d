/** What an agent loads: an owner's library only where there is such an owner. */
import { describe, expect, it } from '@jest/globals';
import { script } from './stack/script.ts';

const database = { connection: 'postgresql://u@127.0.0.1:1/postgres?sslmode=disable', password: null };

describe('the AWS SDK', () => {
  for (const [name, bend, want] of [
    ['is not loaded by an agent that has no RDS instance', {}, 'none'],
    [
      'is loaded by one that has',
      { rds: { instance: 'shop', region: 'eu-central-1', endpoint: null, sharedWith: [] } },
      'loaded',
    ],
  ] as const)
    it(name, async () => {
      const child = script(`
        const { createRequire } = await import('node:module');
        await stack('../agent');
        const { openTarget } = await stack('../open-target');
        const config = ${JSON.stringify({ database, standbys: [], restart: null, keyFile: '/nowhere', ...bend })};
        await openTarget(config, Buffer.alloc(32));
        const loaded = Object.keys(createRequire(process.argv[1] ?? '/').cache).some((path) => path.includes('@aws-sdk'));
        console.log(loaded ? 'loaded' : 'none');
        process.exit();`);
      expect(await child.line()).toBe(want);
    });
});
