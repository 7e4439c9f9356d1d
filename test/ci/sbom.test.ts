/** The gate over licences: what is not on the list fails, by name and licence. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../worker/stack/package-root.ts';

const exec = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'knowngood-sbom-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function judged(components: readonly object[]): Promise<{ readonly code: number; readonly said: string }> {
  const file = join(folder, 'bom.json');
  writeFileSync(file, JSON.stringify({ bomFormat: 'CycloneDX', components }));
  const run = exec(process.execPath, [join(packageRoot, '.ci', 'sbom.mjs'), '--judge', file]);
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, said: stdout + stderr }),
  );
}

const part = (name: string, licence: string | null) => ({
  name,
  version: '1.0.0',
  ...(licence === null ? {} : { licenses: [{ license: { id: licence } }] }),
});

describe('a licence', () => {
  it('that is on the list passes, a choice between two included', async () => {
    const choice = { name: 'b', version: '1.0.0', licenses: [{ expression: '(GPL-3.0-only OR MIT)' }] };
    expect(await judged([part('a', 'ISC'), choice])).toEqual({
      code: 0,
      said: '2 parts, 0 with a licence that is not on the list\n',
    });
  });

  for (const [name, licence, shown] of [
    ['that is not on the list fails', 'GPL-3.0-only', 'GPL-3.0-only'],
    ['that is no expression fails', 'SEE LICENSE IN x', 'SEE LICENSE IN x'],
    ['that is missing fails', null, 'none'],
  ] as const)
    it(name, async () => {
      const { code, said } = await judged([part('a', 'MIT'), part('bad', licence)]);
      expect([code, said]).toEqual([1, expect.stringContaining(`bad 1.0.0: ${shown}`)]);
    });

  it('of nothing at all is no pass', async () => {
    expect((await judged([])).code).toBe(1);
  });
});
