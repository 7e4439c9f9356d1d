/** Where the peer's Ansible comes from, and the sentence when there is none; a stand-in plays Python. */
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { findAnsible } from '../../bench/peers/ansible.ts';

const cacheBefore = process.env['KNOWNGOOD_CACHE_DIR'];
let home = '';

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'knowngood-ansible-'));
  process.env['KNOWNGOOD_CACHE_DIR'] = join(home, 'cache');
});

afterEach(async () => {
  if (cacheBefore === undefined) delete process.env['KNOWNGOOD_CACHE_DIR'];
  else process.env['KNOWNGOOD_CACHE_DIR'] = cacheBefore;
  await rm(home, { recursive: true, force: true });
});

it('takes the one on PATH, whatever its version', async () => {
  await program('ansible-playbook', 'echo "ansible-playbook [core 2.14.3]"');
  const said: string[] = [];
  expect(await find((line) => said.push(line))).toEqual({ playbook: ['ansible-playbook'] });
  expect(said).toEqual(['Ansible on PATH: ansible-playbook [core 2.14.3]']);
});

it('installs it once, into the cache', async () => {
  await program('python3', aVenvWhose('[ "$2" = pip ] && echo once >> "$KNOWNGOOD_CACHE_DIR/installed"; exit 0'));
  const installed = { playbook: [expect.stringMatching(/cache.*python$/), '-m', 'ansible.cli.playbook'] };
  expect(await find()).toEqual(installed);
  expect(await find()).toEqual(installed);
  expect(await readFile(join(home, 'cache', 'installed'), 'utf8')).toBe('once\n');
});

it('says that there is no Python', async () => {
  expect(await find()).toEqual({
    missing: 'ansible-playbook is not on PATH, and there is no python3 to install it with',
  });
});

it('says in one sentence that Python comes without venv', async () => {
  await program(
    'python3',
    'printf "It was not created because ensurepip is not\\navailable. On Debian, install it.\\n"; exit 1',
  );
  expect(await find()).toEqual({
    missing:
      'ansible-playbook is not on PATH, and python3 cannot make a venv: It was not created because ensurepip is not available',
  });
});

it('says that the index has it not, and leaves nothing in the cache', async () => {
  await program('python3', aVenvWhose('echo "Looking"; echo "ERROR: No matching distribution"; exit 1'));
  expect(await find()).toEqual({
    missing: 'ansible-playbook is not on PATH, and pip could not install it: ERROR: No matching distribution',
  });
  expect(await readdir(join(home, 'cache', 'peers'))).toEqual([]);
});

function find(progress: (line: string) => void = () => {}): ReturnType<typeof findAnsible> {
  return findAnsible({ progress, env: { PATH: home, KNOWNGOOD_CACHE_DIR: join(home, 'cache') } });
}

/** `python3 -m venv <folder>` that puts a Python of these words into the folder. */
function aVenvWhose(python: string): string {
  return `/bin/mkdir -p "$3/bin" && printf '%s\\n' '#!/bin/sh' '${python}' > "$3/bin/python" && /bin/chmod +x "$3/bin/python"`;
}

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(home, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(home, name), 0o755);
}
