/**
 * Locks between processes on one host, by hard links in the state folder: taken and released in microseconds, and void
 * as soon as their holder is dead, so that a restart after `kill -9` waits for nothing. See docs/decisions.
 */
import { randomUUID } from 'node:crypto';
import {
  chownSync,
  linkSync,
  readFileSync,
  readdirSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, isMissing, ownerToBe } from './durable.ts';
import { bootId, pidNamespace, processStat } from './host.ts';

export interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly startTicks: number | null;
  readonly bootId: string;
  readonly pidNamespace: string | null;
  readonly host: string;
  /** `agent`, `rescue`: for people. */
  readonly what: string;
}

export interface Held {
  readonly kind: 'held';
  release(): void;
}

export type Taken = Held | { readonly kind: 'taken'; readonly by: Holder };

export interface Locks {
  /** Waits up to `waitMs` for a living holder. */
  take(name: string, waitMs: number): Promise<Taken>;
  close(): void;
}

/** A holder in another container cannot be asked whether it lives: it shows so by touching its card. */
const touchMs = 5_000;
const untouchedIsDeadMs = 20_000;

const cardPrefix = '.holder-';

export function openLocks(folder: string, what: string): Locks {
  const self: Holder = {
    id: randomUUID(),
    pid: process.pid,
    startTicks: processStat(process.pid)?.startTicks ?? null,
    bootId: bootId(),
    pidNamespace: pidNamespace(),
    host: hostname(),
    what,
  };
  const card = join(folder, `${cardPrefix}${self.id}`);
  removeDeadCards(folder);
  writeFileSync(card, JSON.stringify(self), { mode: 0o600, flag: 'wx' });
  const owner = ownerToBe(folder);
  if (owner !== null) chownSync(card, owner.uid, owner.gid);
  const touching = setInterval(() => touch(card), touchMs).unref();
  return {
    async take(name, waitMs) {
      const path = join(folder, name);
      const until = performance.now() + waitMs;
      for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
        const taken = tryTake(card, path, self);
        if (taken.kind === 'held' || performance.now() >= until) return taken;
        await sleep(pauseMs);
      }
    },
    close() {
      clearInterval(touching);
      remove(card);
    },
  };
}

function tryTake(card: string, path: string, self: Holder): Taken {
  for (;;) {
    try {
      linkSync(card, path);
      return { kind: 'held', release: () => release(path, self) };
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const by = holderOf(path);
    if (by === null) continue;
    if (isAlive(by, path)) return { kind: 'taken', by };
    // Only who holds the lock on this very corpse may bury it: else two would, and the second would bury a living one.
    const burial = tryTake(card, `${path}.${by.id}`, self);
    if (burial.kind === 'taken') return burial;
    if (holderOf(path)?.id === by.id) remove(path);
    burial.release();
  }
}

function release(path: string, self: Holder): void {
  if (holderOf(path)?.id === self.id) remove(path);
}

const unreadable: Holder = {
  id: 'unreadable',
  pid: 0,
  startTicks: null,
  bootId: '',
  pidNamespace: null,
  host: '',
  what: 'unreadable lock',
};

/** null: nobody holds it. A card is linked only once whole, so one that cannot be read is the wreck of a power cut. */
function holderOf(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch (error) {
    if (isMissing(error)) return null;
    if (typeof error === 'object' && error !== null && 'code' in error) throw error;
    return unreadable;
  }
}

function isAlive(holder: Holder, path: string): boolean {
  if (holder.bootId !== bootId()) return false;
  if (holder.pidNamespace !== pidNamespace()) return touchedLately(path);
  const stat = processStat(holder.pid);
  return stat !== null && stat.startTicks === holder.startTicks && stat.state !== 'Z';
}

function touchedLately(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs < untouchedIsDeadMs;
  } catch {
    return false;
  }
}

function removeDeadCards(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(cardPrefix))) {
    const path = join(folder, name);
    const holder = holderOf(path);
    if (holder !== null && !isAlive(holder, path)) remove(path);
  }
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // The folder is gone or read-only: whatever needs it next says so.
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
