/** Where Ansible comes from: PATH, the cache, or an installation from the machine's own package index. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce } from '../../worker/stack/build-once.ts';
import { cacheFolder } from '../../worker/stack/cache.ts';
import { run } from '../../worker/stack/run.ts';

/** The last line that is as quick as this: 2.19 takes longer for each task. Runs on Python 3.11 to 3.13. */
const version = '2.18.19';
const stillAtItMs = 15_000;

/** argv that a playbook is appended to, or one sentence on why there is none. */
export type Ansible = { readonly playbook: readonly string[] } | { readonly missing: string };

interface FindAnsible {
  readonly progress: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
}

export async function findAnsible({ progress, env = process.env }: FindAnsible): Promise<Ansible> {
  const onPath = await run('ansible-playbook', ['--version'], { env });
  if (onPath.code === 0) {
    progress(`Ansible on PATH: ${onPath.output.split('\n')[0]}`);
    return { playbook: ['ansible-playbook'] };
  }
  const folder = join(await cacheFolder(), 'peers', `ansible-core-${version}`);
  const python = join(folder, 'bin', 'python');
  // Not bin/ansible-playbook: its first line still names the folder that this one was built as.
  const found = { playbook: [python, '-m', 'ansible.cli.playbook'] };
  // It ends with the Python that it was made with.
  if ((await run(python, ['--version'], { env })).code !== 0) await rm(folder, { recursive: true, force: true });
  try {
    await buildOnce({
      folder,
      onWait: () => progress(`Another process is installing ansible-core ${version}; waiting for it …`),
      build: (unfinished) => install(unfinished, { progress, env }),
    });
    return found;
  } catch (error) {
    return { missing: `ansible-playbook is not on PATH, and ${(error as Error).message}` };
  }
}

async function install(folder: string, { progress, env }: Required<FindAnsible>): Promise<void> {
  const what = `Installing ansible-core ${version} (once)`;
  const startedMs = Date.now();
  const elapsed = (): string => `${Math.round((Date.now() - startedMs) / 1000)} s`;
  progress(`${what} …`);
  const timer = setInterval(() => progress(`${what} … ${elapsed()} so far`), stillAtItMs);
  try {
    const made = await run('python3', ['-m', 'venv', folder], { env });
    if (made.code === 127) throw new Error('there is no python3 to install it with');
    if (made.code !== 0) throw new Error(`python3 cannot make a venv: ${firstSentence(made.output)}`);
    const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--retries', '1', `ansible-core==${version}`];
    const installed = await run(join(folder, 'bin', 'python'), pip, { env });
    if (installed.code !== 0) throw new Error(`pip could not install it: ${lastLine(installed.output)}`);
    progress(`${what}: done in ${elapsed()}`);
  } finally {
    clearInterval(timer);
  }
}

function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1) ?? '';
}

/** venv wraps its words. */
function firstSentence(output: string): string {
  return output.replace(/\s+/g, ' ').trim().split('. ')[0] ?? '';
}
