/** The demo's scenarios: what is done to the server, and how a guarded change has to end then. */
import type { Outcome } from '../domain/phase.ts';
import type { DependentsAfter, ReasonCode } from '../domain/result.ts';
import type { Variant } from './upgrade/new-version.ts';

export const scenarioNames = [
  'outage',
  'healthy',
  'admin-locked-out',
  'wont-start',
  'slow-burn',
  'pipeline',
  'grants',
  'engine-upgrade',
  'preflight',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface Scenario {
  readonly title: string;
  /** `on-host`: the agent's own command; `pipeline`: guard around a shell command; `declared`: apply of a change file. */
  readonly by: 'on-host' | 'pipeline' | 'declared';
  /** What the upgrade installs; null: there is none, but a declared change, or a migration in the pipeline. */
  readonly variant: Variant | null;
  /** The change file of `declared`; default: the tidy-up. */
  readonly change?: 'april-12';
  /** Somebody has to wave it through: a preflight would refuse it. */
  readonly allowAccessLoss?: true;
  /** The server is a 16, and the agent's command `upgrade` puts a 17 in its place. */
  readonly newEngine?: true;
  /** What the teams hear is shown, and that the same configuration is noticed when it comes again. */
  readonly afterwards?: true;
  readonly expect: {
    readonly outcome: Outcome;
    readonly reasons: readonly ReasonCode[];
    readonly dependents: readonly DependentsAfter[];
    /** Of the CLI that started it. */
    readonly exitCode: number;
  };
}

const reverted = { outcome: 'reverted', dependents: ['recovered'], exitCode: 10 } as const;

export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  outage: {
    title: 'the upgrade of April 12: its new pg_hba.conf silently denies the image storage service',
    by: 'on-host',
    variant: 'outage',
    afterwards: true,
    expect: { ...reverted, reasons: ['check-failed'] },
  },
  healthy: {
    title: 'an upgrade that everybody survives: a restart must not revert itself',
    by: 'on-host',
    variant: 'healthy',
    expect: { outcome: 'kept', reasons: ['soak-healthy'], dependents: ['unaffected'], exitCode: 0 },
  },
  'admin-locked-out': {
    title: 'an upgrade after which no SQL user can log in, superuser included',
    by: 'on-host',
    variant: 'admin-locked-out',
    expect: { ...reverted, reasons: ['check-failed', 'apply-failed'] },
  },
  'wont-start': {
    title: 'an upgrade whose new configuration the server refuses to start with',
    by: 'on-host',
    variant: 'wont-start',
    expect: { ...reverted, reasons: ['apply-failed'] },
  },
  'slow-burn': {
    title:
      'a tidy-up of pg_hba.conf that somebody has waved through: open pool connections stay green, new ones are denied',
    by: 'declared',
    variant: null,
    allowAccessLoss: true,
    expect: { ...reverted, reasons: ['check-failed'] },
  },
  pipeline: {
    title: 'the same upgrade out of a deploy pipeline: guard around its shell command',
    by: 'pipeline',
    variant: 'outage',
    expect: { ...reverted, reasons: ['check-failed'] },
  },
  grants: {
    title: 'a migration out of a deploy pipeline: it revokes what the image storage service needs',
    by: 'pipeline',
    variant: null,
    expect: { ...reverted, reasons: ['check-failed'] },
  },
  'engine-upgrade': {
    title: 'PostgreSQL 16 becomes 17 with default files: the old configuration is carried over to the new server',
    by: 'on-host',
    variant: null,
    newEngine: true,
    expect: { ...reverted, reasons: ['check-failed'] },
  },
  preflight: {
    title: 'the configuration of April 12 as a declared change: refused before anything is written, and by which line',
    by: 'declared',
    variant: null,
    change: 'april-12',
    expect: { outcome: 'rejected', reasons: ['preflight-refused'], dependents: ['unaffected'], exitCode: 13 },
  },
};
