/** Rows of the store, each whole and ordinary; a test bends the one thing it is about. */
import type { AdmittedChange } from '../../domain/admitted.ts';
import type { Policy } from '../../domain/change.ts';
import type { Sample } from '../../domain/check.ts';
import { defaultClasses } from '../../domain/plan/risk.ts';
import type { ChangeResult } from '../../domain/result.ts';
import type { Snapshot } from '../../domain/snapshot.ts';

export const noon = Date.UTC(2026, 2, 1, 12);

export function aSnapshot(id: string, text = 'work_mem = 4MB\n'): Snapshot {
  return {
    id: id.padEnd(64, '0'),
    hashes: {
      server: 's',
      files: 'f',
      settings: 'g',
      roles: 'r',
      memberships: 'm',
      databases: 'd',
      shared: 'h',
      catalogs: 'c',
    },
    sections: {
      server: {
        version: '17.10',
        versionNum: 170010,
        systemIdentifier: '7412345678901234567',
        dataDirectory: '/data',
        inRecovery: false,
      },
      files: [
        {
          path: '/data/postgresql.conf',
          role: 'main',
          sizeBytes: text.length,
          mode: '0600',
          uid: 26,
          gid: 26,
          digest: 'sha256:00',
          text,
        },
      ],
      settings: [],
      roles: [],
      memberships: [],
      databases: [],
      shared: [],
      catalogs: [],
    },
  };
}

const policy: Policy = {
  leaseMs: 600_000,
  soakMs: 600_000,
  settleRestartMs: 60_000,
  settleReloadMs: 0,
  holdTimeoutMs: 300_000,
  onInconclusive: 'revert',
  approvals: { low: 0, high: 1 },
  approvalExpireMs: 86_400_000,
  fourEyes: false,
  allowEarlyConfirm: false,
  requireConfirm: false,
  revertMayRestart: true,
  onContactLost: null,
  applyTimeoutMs: 1_800_000,
  quietMs: 300_000,
  allowRedBaseline: false,
  allowDirty: false,
  expectsReboot: false,
  scoped: false,
  risk: defaultClasses,
  windows: [],
};

export function anAdmittedChange(bent: Partial<AdmittedChange> = {}): AdmittedChange {
  return {
    target: 'shop-db',
    changeId: 'more-memory',
    requestedBy: 'anna',
    reason: 'Black Friday',
    changeKind: 'config',
    what: '',
    restart: 'forbidden',
    policy,
    checks: [],
    notes: [],
    ...bent,
  };
}

export function aSample(bent: Partial<Sample> = {}): Sample {
  return {
    check: 'image-service/login',
    at: noon,
    latencyMs: 3.5,
    mark: 'pass',
    class: null,
    code: null,
    message: null,
    ...bent,
  };
}

export function aResult(bent: Partial<ChangeResult> = {}): ChangeResult {
  return {
    outcome: 'reverted',
    reason: 'check-failed',
    summary: 'reverted: image-service/login was denied',
    problems: [],
    target: 'shop-db',
    changeId: 'more-memory',
    dependents: 'recovered',
    commandExitCode: null,
    snapshots: { before: 'a'.repeat(64), change: 'b'.repeat(64), after: 'a'.repeat(64) },
    moments: {
      started: noon,
      armed: noon + 2_000,
      applied: noon + 3_000,
      firstFailure: noon + 4_000,
      decided: noon + 5_000,
      restored: noon + 5_500,
      recovered: noon + 6_000,
      closed: noon + 7_000,
    },
    conflicts: [],
    timeline: [],
    ...bent,
  };
}
