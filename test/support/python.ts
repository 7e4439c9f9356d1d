/** Programs from PyPI that tests talk to: installed once, pinned, into the cache that everybody shares. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { buildOnce } from '../../worker/stack/build-once.ts';
import { sharedCacheFolder } from '../../worker/stack/cache.ts';
import { run } from '../../worker/stack/run.ts';

/** The folder for PYTHONPATH; `packages` as pip takes them, each with its version. */
export async function pythonLibrary(name: string, packages: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 12);
  return buildOnce({
    folder: join(await sharedCacheFolder(), `${name}-${hash}`),
    build: async (unfinished) => {
      const args = ['-m', 'pip', 'install', '--quiet', '--no-compile', '--target', unfinished, ...packages];
      const { code, output } = await run('python3', args);
      if (code !== 0) throw new Error(`${name} could not be installed from PyPI:\n${output}`);
    },
  });
}
