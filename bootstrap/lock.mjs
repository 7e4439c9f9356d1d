/** A lock among processes of one machine, held by a file that its holder keeps touching. Node built-ins only. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A holder that has not touched its lock for so long is dead; `npm ci` runs in a child, so the holder's timer is never starved. */
const staleMs = 10_000;
const touchMs = 1_000;

/** Runs `work` while no other process does; `waiting` is called once when another one is at it. */
export async function withLock(path, work, waiting = () => {}) {
  mkdirSync(dirname(path), { recursive: true });
  const mark = `${process.pid}.${process.hrtime.bigint()}`;
  let told = false;
  while (!acquire(path, mark)) {
    if (!told) waiting();
    told = true;
    await sleep(200);
  }
  const release = () => {
    if (read(path) === mark) rmSync(path, { force: true });
  };
  const timer = setInterval(() => touch(path), touchMs);
  timer.unref();
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    process.removeListener('exit', release);
    release();
  }
}

function acquire(path, mark) {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, mark);
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const holder = read(path);
  if (holder !== null && !isStale(path, holder)) return false;
  // Renaming names one winner; a lock that was taken anew in between is put back.
  const aside = `${path}.${mark}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== holder) renameSync(aside, path);
    else rmSync(aside, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return false;
}

function isStale(path, holder) {
  try {
    if (Date.now() - statSync(path).mtimeMs > staleMs) return true;
    const pid = Number.parseInt(holder, 10);
    if (Number.isNaN(pid)) return false; // created, not yet written
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // The folder is gone with its lock: nothing left to protect.
  }
}
