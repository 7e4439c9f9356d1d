/** docs/privileges.md shows what is printed. Run with KNOWNGOOD_UPDATE=1 to write it anew. */
import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { aCheck, agentRoles, probers, script, shop } from '../domain/least-privilege/shop.ts';

const path = `${packageRoot}/docs/privileges.md`;

it('docs/privileges.md holds the script as it is printed', async () => {
  const own = await probers(
    aCheck('select 1 from app.images limit 1'),
    aCheck('select count(*) from orders'),
    aCheck('select 1 from app.images limit 1', { user: 'image_svc' }),
  );
  const printed = script(agentRoles(shop(170_010)), { probers: own, services: ['image_svc'] });
  const text = await readFile(path, 'utf8');
  const want = text.replace(
    /(<!-- printed -->\n)[^]*(<!-- end -->)/,
    `$1\n\`\`\`sql\n${printed.replaceAll('$', '$$$$')}\`\`\`\n\n$2`,
  );
  if (process.env['KNOWNGOOD_UPDATE'] === '1') await writeFile(path, want);
  else expect(text).toBe(want);
});
