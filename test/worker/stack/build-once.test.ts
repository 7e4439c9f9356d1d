import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOnce } from '../../../worker/stack/build-once.ts';
import { eventually } from '../../support/processes.ts';
import { script } from './script.ts';

let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'knowngood-test-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const folder = () => join(home, 'cache', 'thing');

/** A build that runs `sh -c` and leaves one line in `builds` each time it is started. */
const builder = (command: string) => `
  const { buildOnce } = await stack('build-once');
  const { run } = await stack('run');
  const { appendFileSync, writeFileSync } = await import('node:fs');
  await buildOnce({ folder: ${JSON.stringify(folder())}, onWait: () => console.log('waits'), build: async (unfinished) => {
    appendFileSync(${JSON.stringify(join(home, 'builds'))}, process.pid + '\\n');
    writeFileSync(unfinished + '/first', 'half');
    console.log('builds');
    await run('sh', ['-c', ${JSON.stringify(command)}]);
    writeFileSync(unfinished + '/second', 'whole');
  } });
  console.log('has it');
`;

describe('buildOnce', () => {
  it('builds once for processes that start together, and all of them get the whole result', async () => {
    const starters = [1, 2, 3, 4].map(() => script(builder('sleep 1')));
    expect(await Promise.all(starters.map(({ exited }) => exited))).toEqual([0, 0, 0, 0]);
    expect((await readFile(join(home, 'builds'), 'utf8')).trim().split('\n')).toHaveLength(1);
    expect((await readdir(folder())).sort()).toEqual(['first', 'second']);
    expect(await readdir(join(home, 'cache'))).toEqual(['thing']);
  });

  it('shows nothing half-made while it builds', async () => {
    const starter = script(builder('sleep 1'));
    expect(await starter.line()).toBe('builds');
    expect(await readdir(join(home, 'cache'))).not.toContain('thing');
    await starter.exited;
    expect(await readdir(folder())).toHaveLength(2);
  });

  it('takes over from a build that was killed, and sweeps what it left', async () => {
    const killed = script(builder('sleep 60'));
    expect(await killed.line()).toBe('builds');
    killed.process.kill('SIGKILL');
    await killed.exited;
    await buildOnce({ folder: folder(), build: (unfinished) => writeFile(join(unfinished, 'only'), '') });
    expect(await readdir(folder())).toEqual(['only']);
    expect(await readdir(join(home, 'cache'))).toEqual(['thing']);
  });

  it('tells one who has to wait', async () => {
    const end = join(home, 'end');
    const first = script(builder(`until [ -e ${end} ]; do sleep 0.1; done`));
    expect(await first.line()).toBe('builds');
    const second = script(builder('true'));
    expect(await second.line()).toBe('waits');
    await writeFile(end, '');
    expect(await second.line()).toBe('has it');
    await first.exited;
  });

  it('leaves nothing of a build that failed, and the next one tries again', async () => {
    const failing = buildOnce({
      folder: folder(),
      build: async (unfinished) => {
        await writeFile(join(unfinished, 'half'), '');
        throw new Error('no compiler');
      },
    });
    await expect(failing).rejects.toThrow('no compiler');
    expect(await readdir(join(home, 'cache'))).toEqual([]);
    await buildOnce({ folder: folder(), build: (unfinished) => writeFile(join(unfinished, 'only'), '') });
    expect(await readdir(folder())).toEqual(['only']);
  });

  it('ends the commands of a build that is killed', async () => {
    const starter = script(builder('exec sleep 61.234'));
    expect(await starter.line()).toBe('builds');
    const { processesWith } = await import('../../support/processes.ts');
    const sleeping = async () => (await processesWith('sleep 61.234')).length;
    await eventually('the command', async () => (await sleeping()) > 0);
    starter.process.kill('SIGKILL');
    await eventually('its end', async () => (await sleeping()) === 0);
  });
});
