import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Journal } from '../../domain/journal.ts';
import { applying } from '../../domain/journal.ts';
import type { StateFolder } from '../../agent/state-folder.ts';
import { aJournal, aStateFolder, quietLog, useFolders } from '../support/state.ts';

const folder = useFolders();

const put = (state: StateFolder, journal: Journal): Promise<void> =>
  state.journal.exclusive((_, write) => write(journal));

describe('the journal file', () => {
  it('is nothing before the first change', async () => {
    expect((await aStateFolder(folder())).journal.read()).toBeNull();
  });

  it('is read back as it was written, by another process too', async () => {
    const path = folder();
    const state = await aStateFolder(path);
    await put(state, aJournal());
    expect(state.journal.read()).toEqual(aJournal());
    expect((await aStateFolder(path, quietLog(), 'rescue')).journal.read()).toEqual(aJournal());
  });

  it('is for its own user only, and leaves no temporary file', async () => {
    const path = folder();
    const state = await aStateFolder(path);
    await put(state, aJournal());
    await put(state, applying(aJournal()));
    expect(statSync(path).mode & 0o777).toBe(0o700);
    for (const name of ['journal.json', 'journal.previous.json'])
      expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
    expect(readdirSync(path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  for (const [name, damage] of [
    ['cut off', (text: string) => text.slice(0, text.length / 2)],
    ['changed in one character', (text: string) => text.replace('"phase":"applying"', '"phase":"applyinG"')],
    ['empty', () => ''],
    ['of a later format', (text: string) => text.replace('"knowngoodJournal":1', '"knowngoodJournal":2')],
  ] as const) {
    it(`falls back to the generation before when it is ${name}, says so once, and trusts nothing it cannot know`, async () => {
      const path = folder();
      const log = quietLog();
      const state = await aStateFolder(path, log);
      await put(state, aJournal());
      await put(state, applying(aJournal()));
      const file = join(path, 'journal.json');
      writeFileSync(file, damage(readFileSync(file, 'utf8')));
      expect(state.journal.read()).toMatchObject({ changeId: 'upgrade', phase: 'applying', touched: true });
      state.journal.read();
      expect(log.lines).toEqual([expect.stringContaining('going on with the generation before it')]);
    });
  }

  it('never pushes the last whole generation out by a damaged one', async () => {
    const path = folder();
    const state = await aStateFolder(path);
    await put(state, aJournal({ changeId: 'first' }));
    await put(state, aJournal({ changeId: 'second' }));
    writeFileSync(join(path, 'journal.json'), 'x');
    await put(state, aJournal({ changeId: 'third' }));
    writeFileSync(join(path, 'journal.json'), 'x');
    expect(state.journal.read()?.changeId).toBe('first');
  });

  it('that cannot be read in either generation is an error, not an empty journal', async () => {
    const path = folder();
    const state = await aStateFolder(path);
    await put(state, aJournal());
    writeFileSync(join(path, 'journal.json'), 'x');
    expect(() => state.journal.read()).toThrow(/cannot be read/);
  });

  it('is decided on by one at a time', async () => {
    const path = folder();
    const [one, two] = [await aStateFolder(path), await aStateFolder(path, quietLog(), 'rescue')];
    await put(one, aJournal({ epoch: 0 }));
    const step = (state: StateFolder): Promise<void> =>
      state.journal.exclusive(async (found, write) =>
        write({ ...(found ?? aJournal()), epoch: (found?.epoch ?? 0) + 1 }),
      );
    await Promise.all(Array.from({ length: 20 }, (_, index) => step(index % 2 === 0 ? one : two)));
    expect(one.journal.read()?.epoch).toBe(20);
  });
});
