/** Drift, whole and ordinary; a test bends the one thing it is about. */
import type { AccessChange, AccessImpact } from '../../../domain/access/impact.ts';
import type { Drift, DriftItem } from '../../../domain/drift/drift.ts';
import type { RememberedDrift } from '../../../domain/drift/telling.ts';
import type { DiffItem } from '../../../domain/snapshot/diff-item.ts';

export const noon = Date.UTC(2026, 2, 1, 12);
const minuteMs = 60_000;

export function anItem(bend: Partial<DriftItem> = {}): DriftItem {
  return {
    key: 'setting:work_mem',
    section: 'settings',
    kind: 'changed',
    summary: 'work_mem: 4MB → 8MB',
    force: 'in-force',
    ...bend,
  };
}

export function aDifference(key: string, kind: DiffItem['kind'] = 'changed'): DiffItem {
  return { key, kind, section: 'catalogs', summary: `${key}: ${kind}` };
}

export const theHba = anItem({
  key: 'file:/data/pg_hba.conf',
  section: 'files',
  summary: '/data/pg_hba.conf: content',
  changedAt: noon - 2 * minuteMs,
});

export function aLoss(bend: Partial<AccessChange> = {}): AccessChange {
  return {
    user: 'image_svc',
    database: 'shop',
    from: '10.2.0.7',
    tls: false,
    source: 'declared',
    who: ['image-service'],
    verdict: 'lost',
    example: '10.2.0.7',
    before: { kind: 'allowed', where: null },
    after: { kind: 'denied', why: 'no rule lets it in', sqlState: '28000', where: null },
    because: ['no rule lets it in'],
    ...bend,
  };
}

export function anImpact(bend: Partial<AccessImpact> = {}): AccessImpact {
  return { lost: [], gained: [], unknown: [], unchanged: 2, widened: [], more: 0, ...bend };
}

export function aDrift(bend: Partial<Drift> = {}): Drift {
  return {
    kind: 'drifted',
    snapshotId: 'b'.repeat(64),
    knownGoodId: 'a'.repeat(64),
    fingerprint: 'f'.repeat(64),
    at: noon,
    items: [anItem()],
    moreItems: 0,
    schemaItems: 0,
    diff: '',
    access: anImpact(),
    connected: [],
    moreConnected: 0,
    dirty: [],
    reappeared: [],
    loadedAt: noon - minuteMs,
    ...bend,
  };
}

export function aRemembered(bend: Partial<RememberedDrift> = {}): RememberedDrift {
  return {
    id: '7',
    target: 'shop-db',
    fingerprint: 'f'.repeat(64),
    knownGoodId: 'a'.repeat(64),
    snapshotId: 'b'.repeat(64),
    notBefore: noon - 5 * minuteMs,
    firstSeen: noon,
    lastSeen: noon,
    toldAt: null,
    tellings: 0,
    followsTold: false,
    ringing: [],
    toldOf: [],
    goneAt: null,
    goneToldAt: null,
    ...bend,
  };
}
