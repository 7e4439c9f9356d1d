/** An instance of Amazon RDS for PostgreSQL: its parameter group is what it declares. Experimental: not tried on AWS. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DBInstance } from '@aws-sdk/client-rds';
import type { ConfigChange } from '../../../domain/change.ts';
import type { RdsConfig } from '../../../domain/config.ts';
import { normaliseValue } from '../../../domain/conf/setting-value.ts';
import type { Document } from '../../../domain/managed/document.ts';
import { settingText } from '../../../domain/managed/views.ts';
import type { Problem } from '../../../domain/problem.ts';
import { type SettingRow, settingsQuery } from '../../postgres/queries.ts';
import { sessionSources } from '../../postgres/server-state.ts';
import type { Session } from '../../postgres/session.ts';
import { TargetError, messageOf } from '../../postgres/target-error.ts';
import type { Member, Members, Owned, Owner } from '../owner.ts';
import { rdsApi } from './api.ts';
import { type GroupParameter, considerSettings } from './parameters.ts';

/** RDS says "soon": dynamic parameters arrive within a minute or so, and a busy instance takes longer. */
const arrivalMs = 300_000;
/** What is asked again and again may be as old: RDS counts its calls. */
const freshMs = 2_000;
/** RDS may take as long to say that a static parameter waits. */
const noticeMs = 30_000;
const pollMs = 2_000;
/** A backup may be in the way for longer: then the step fails, and a revert is tried again. */
const readyMs = 60_000;
/** Less than an apply may take in all. */
const rebootMs = 480_000;

/** Its configuration can be changed and it can be rebooted. */
const reachedStates: ReadonlySet<string> = new Set(['available', 'storage-optimization']);

interface Look {
  readonly instance: DBInstance;
  readonly group: string;
  /** `in-sync`, `applying`, `pending-reboot`, `failed-to-apply`, … */
  readonly status: string;
  readonly document: Document;
  /** Unix ms. */
  readonly at: number;
}

/** Asks nothing yet. */
export function createRdsOwner(config: RdsConfig): Owner {
  const api = rdsApi(config);
  let last: Look | null = null;

  async function look(): Promise<Look> {
    const instance = await api.instance();
    checkKind(config, instance);
    const { group, status } = groupOf(instance);
    const document = documentOf(await api.parameters(group, 'set'));
    last = { instance, group, status, document, at: Date.now() };
    return last;
  }

  async function recent(): Promise<Look> {
    return last !== null && Date.now() - last.at < freshMs ? last : look();
  }

  async function read(): Promise<Owned> {
    const { instance, group, document } = await look();
    return {
      ...membersOf(instance),
      scope: `rds:${instance.DBInstanceIdentifier}/${group}`,
      systemIdentifier: null,
      document,
      arrivalMs,
    };
  }

  /** Until `holds`, or the time is up; answers the last look. */
  async function lookUntil(withinMs: number, holds: (now: Look) => boolean): Promise<Look> {
    for (const until = Date.now() + withinMs; ; await sleep(pollMs)) {
      const now = await look();
      if (holds(now) || Date.now() >= until) return now;
    }
  }

  return {
    title: 'RDS',
    places: { parameters: ['parameters'], hba: null },
    passed: {},
    memberOwn: new Set(),
    closedDatabases: new Set(['rdsadmin']),
    // Read replicas are instances of their own.
    hasAllStandbys: false,
    shadow: () => null,
    read,
    members: async () => membersOf((await recent()).instance),
    async obstacles() {
      const { group } = await look();
      return groupProblems(config, group, await api.instancesOf(group));
    },
    async consider(change, settings) {
      const names = Object.keys(change.settings ?? {});
      const parameters = names.length === 0 ? new Map() : await api.parameters((await look()).group, names);
      const considered = considerSettings(change, parameters, settings);
      return { ...considered, refusals: [...notReachable(change), ...considered.refusals] };
    },
    async write(edits) {
      const { group } = await look();
      const values = edits.map(({ path, to }) => ({ name: path.at(-1) ?? '', value: settingText(to) }));
      const known = await api.parameters(
        group,
        values.map(({ name }) => name),
      );
      await api.modify(group, values, known);
      const waits = values.some(({ name, value }) => isMoved(known.get(name.toLowerCase()), value));
      return (await lookUntil(waits ? noticeMs : 0, ({ status }) => status === 'pending-reboot')).document;
    },
    async taken(session) {
      const { status, document, instance } = await recent();
      if (status === 'failed-to-apply') throw failedToApply(instance);
      if (status === 'applying') return null;
      const { behind, waiting } = await against(session, document);
      return behind || (waiting && status !== 'pending-reboot') ? null : document;
    },
    async restart() {
      const ready = await lookUntil(readyMs, isReached);
      if (!isReached(ready)) throw notRebooted(ready);
      await api.reboot();
      const back = await lookUntil(rebootMs, (now) => isReached(now) && now.status === 'in-sync');
      if (!isReached(back) || back.status !== 'in-sync') throw notRebooted(back);
    },
    async wayBack() {
      try {
        const { instance, group, status } = await look();
        const { DBInstanceStatus = 'unknown' } = instance;
        return {
          open: isReached({ instance }),
          detail: `parameter group ${group}, ${status}; the instance is ${DBInstanceStatus}`,
        };
      } catch (error) {
        return { open: false, detail: messageOf(error) };
      }
    },
    async close() {
      api.close();
    },
  };
}

/** By a write that only a reboot puts into force. */
function isMoved(was: GroupParameter | undefined, to: string | null): boolean {
  return was?.applyType === 'static' && (to === null ? was.isSet : to !== was.value);
}

/** A value that is set to nothing is set. */
function documentOf(parameters: ReadonlyMap<string, GroupParameter>): Document {
  return { parameters: Object.fromEntries([...parameters.values()].map(({ name, value }) => [name, value ?? ''])) };
}

function groupOf({ DBParameterGroups = [], DBInstanceIdentifier }: DBInstance): {
  readonly group: string;
  readonly status: string;
} {
  const [{ DBParameterGroupName: group, ParameterApplyStatus: status = 'unknown' } = {}] = DBParameterGroups;
  if (group === undefined)
    throw new TargetError('TargetUnreachable', [
      { code: 'no-parameter-group', message: `RDS tells no parameter group of instance "${DBInstanceIdentifier}"` },
    ]);
  return { group, status };
}

/** RDS does not say which parameters wait. */
function membersOf(instance: DBInstance): Members {
  const {
    DBInstanceIdentifier: name = '',
    DBInstanceStatus: state = 'unknown',
    Endpoint,
    ReadReplicaSourceDBInstanceIdentifier,
  } = instance;
  const member: Member = {
    name,
    role: ReadReplicaSourceDBInstanceIdentifier === undefined ? 'leader' : 'standby',
    host: Endpoint?.Address ?? '',
    port: Endpoint?.Port ?? 5432,
    state,
    reached: Endpoint?.Address !== undefined && reachedStates.has(state),
    waiting: groupOf(instance).status === 'pending-reboot' ? [] : null,
  };
  return { members: [member], paused: false };
}

function isReached({ instance }: Pick<Look, 'instance'>): boolean {
  return membersOf(instance).members.every(({ reached }) => reached);
}

/** Clusters have a second parameter group, and members that fail over. */
function checkKind({ instance: name }: RdsConfig, { Engine = 'unknown', DBClusterIdentifier }: DBInstance): void {
  if (Engine === 'postgres' && DBClusterIdentifier === undefined) return;
  throw new TargetError('InvalidRequest', [
    {
      code: 'not-an-instance',
      message: `"${name}" is no RDS for PostgreSQL instance of its own`,
      detail:
        DBClusterIdentifier === undefined
          ? `Its engine is ${Engine}.`
          : `It belongs to the cluster ${DBClusterIdentifier}.`,
      hint: 'Aurora and Multi-AZ clusters are not supported.',
    },
  ]);
}

/** What RDS has for itself: no parameter group holds it. */
function notReachable({ hba = [], files = {} }: ConfigChange): readonly Problem[] {
  const hint = 'Who gets in is decided there by security groups, by rds.force_ssl, and by roles.';
  return [
    ...(hba.length === 0
      ? []
      : [
          {
            code: 'hba-managed',
            message: 'pg_hba.conf cannot be changed on RDS',
            detail: 'RDS writes it itself.',
            hint,
          },
        ]),
    ...(Object.keys(files).length === 0
      ? []
      : [
          {
            code: 'files-managed',
            message: 'RDS writes the configuration files itself',
            hint: 'Give settings instead.',
          },
        ]),
  ];
}

/** `users`: every instance that has the group. */
function groupProblems(
  { instance, sharedWith }: RdsConfig,
  group: string,
  users: readonly string[],
): readonly Problem[] {
  if (group.startsWith('default.'))
    return [
      {
        code: 'default-group',
        message: `instance "${instance}" uses the parameter group "${group}", which cannot be modified`,
        detail: 'It is the default group of its family.',
        hint: 'Make one with "aws rds create-db-parameter-group", attach it to the instance, and reboot the instance once.',
      },
    ];
  const others = users.filter((name) => name !== instance && !sharedWith.includes(name));
  if (others.length === 0) return [];
  return [
    {
      code: 'shared-group',
      message: `parameter group "${group}" is also used by ${others.map((name) => `"${name}"`).join(', ')}`,
      detail: 'A change of it would reach them too, and nobody watches them.',
      hint: "Give the instance a group of its own, or name them under rds.sharedWith in the agent's agent.yaml.",
    },
  ];
}

/** Of what can be compared: whether something that needs no reboot differs, and whether something that needs one does. */
async function against(
  session: Session,
  document: Document,
): Promise<{ readonly behind: boolean; readonly waiting: boolean }> {
  const rows = await session.rows<SettingRow & Record<string, unknown>>(settingsQuery);
  const running = new Map(rows.map((row) => [row.name.toLowerCase(), row]));
  const differing = Object.entries(document['parameters'] ?? {}).flatMap(([name, text]) => {
    const row = running.get(name.toLowerCase());
    if (row === undefined || sessionSources.has(row.source)) return [];
    const value = normaliseValue(row, String(text));
    return row.vartype === 'string' || !value.ok || value.value === row.setting ? [] : [row];
  });
  return {
    behind: differing.some(({ context }) => context !== 'postmaster'),
    waiting: differing.some(({ context }) => context === 'postmaster'),
  };
}

function failedToApply({ DBInstanceIdentifier: name }: DBInstance): TargetError {
  return new TargetError('NotApplied', [
    {
      code: 'failed-to-apply',
      message: `RDS could not apply the parameter group of instance "${name}"`,
      detail: 'Its ParameterApplyStatus is failed-to-apply.',
      hint: 'See the events of the instance.',
    },
  ]);
}

function notRebooted({ instance, status }: Look): TargetError {
  const { DBInstanceIdentifier: name, DBInstanceStatus: state = 'unknown' } = instance;
  return new TargetError('NotApplied', [
    {
      code: 'not-restarted',
      message: `instance "${name}" has not come through a reboot`,
      detail: `It is ${state}, its parameter group ${status}.`,
    },
  ]);
}
