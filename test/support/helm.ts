/** Helm as its project publishes it, built from its pinned Go module: once a machine, about three minutes. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce } from '../../worker/stack/build-once.ts';
import { cacheFolder } from '../../worker/stack/cache.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { run } from '../../worker/stack/run.ts';

const module = join(packageRoot, 'test', 'support', 'go', 'helm');

export interface Helmed {
  readonly code: number;
  readonly stdout: string;
  /** Of both streams. */
  readonly output: string;
}

export async function helm(...args: readonly string[]): Promise<Helmed> {
  const { status, stdout, stderr } = spawnSync(join(await built(), 'helm'), args, { encoding: 'utf8' });
  return { code: status ?? -1, stdout, output: `${stdout}${stderr}` };
}

async function built(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(module, 'go.sum')));
  return buildOnce({
    folder: join(await cacheFolder(), 'helm', hash.digest('hex').slice(0, 12)),
    build: async (unfinished) => {
      const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly -buildvcs=false' };
      const target = join(unfinished, 'helm');
      const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', target, 'helm.sh/helm/v3/cmd/helm'];
      const { code, output } = await run('go', args, { cwd: module, env });
      if (code !== 0) throw new Error(`go ${args.join(' ')}: ${output}`);
    },
  });
}
