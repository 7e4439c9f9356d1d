/** A server to plan on, out of nothing but values: four files, a conf.d, a dozen settings; a test bends one thing. */
import type { ConfigChange } from '../../../domain/change.ts';
import { dirname, isAbsolute, isInside, normalise } from '../../../domain/conf/paths.ts';
import { type Planned, planChange } from '../../../domain/plan/change.ts';
import type { PlanContext, ServerSetting } from '../../../domain/plan/context.ts';
import type { FileRole } from '../../../domain/snapshot.ts';
import type { ConfigFile } from '../../../domain/snapshot/files.ts';
import { sha256Hex } from '../../../domain/snapshot/hash.ts';

export const home = '/pg';

export const texts = {
  'postgresql.conf': "shared_buffers = 128MB\nwork_mem = 4MB\narchive_command = 'true'\ninclude_dir 'conf.d'\n",
  'postgresql.auto.conf': "geqo = 'on'\n",
  'pg_hba.conf': 'local all all peer\nhost shop image_svc 10.2.0.0/16 scram-sha-256\n',
  'pg_ident.conf': '# nobody\n',
  'conf.d/memory.conf': 'maintenance_work_mem = 64MB\n',
} as const;

const roles: Readonly<Record<string, FileRole>> = {
  'postgresql.conf': 'main',
  'postgresql.auto.conf': 'auto',
  'pg_hba.conf': 'hba',
  'pg_ident.conf': 'ident',
  environment: 'debian',
};

export function aSetting(name: string, bent: Partial<ServerSetting> = {}): ServerSetting {
  return {
    name,
    value: '',
    bootVal: '',
    context: 'user',
    source: 'default',
    vartype: 'string',
    unit: null,
    minVal: null,
    maxVal: null,
    enumvals: null,
    ...bent,
  };
}

const kilobytes = { vartype: 'integer', unit: 'kB', minVal: '64', maxVal: '2147483647' } as const;
const fromFile = { source: 'configuration file' } as const;

export const settings: readonly ServerSetting[] = [
  aSetting('work_mem', { ...kilobytes, ...fromFile, value: '4096', bootVal: '4096' }),
  aSetting('maintenance_work_mem', { ...kilobytes, ...fromFile, value: '65536', bootVal: '65536' }),
  aSetting('shared_buffers', {
    ...fromFile,
    vartype: 'integer',
    unit: '8kB',
    minVal: '16',
    maxVal: '1073741823',
    value: '16384',
    bootVal: '16384',
    context: 'postmaster',
  }),
  aSetting('max_connections', {
    vartype: 'integer',
    minVal: '1',
    maxVal: '262143',
    value: '100',
    bootVal: '100',
    context: 'postmaster',
  }),
  aSetting('geqo', { ...fromFile, vartype: 'bool', value: 'on', bootVal: 'on' }),
  aSetting('wal_level', { vartype: 'enum', enumvals: ['minimal', 'replica', 'logical'], value: 'replica' }),
  aSetting('statement_timeout', { vartype: 'integer', unit: 'ms', minVal: '0', maxVal: '2147483647', value: '0' }),
  aSetting('search_path', { value: '"$user", public', bootVal: '"$user", public' }),
  aSetting('DateStyle', { value: 'ISO, MDY', bootVal: 'ISO, MDY' }),
  aSetting('listen_addresses', { value: 'localhost', bootVal: 'localhost', context: 'postmaster' }),
  aSetting('log_disconnections', { vartype: 'bool', value: 'off', bootVal: 'off', context: 'superuser-backend' }),
  aSetting('port', { vartype: 'integer', value: '5432', context: 'postmaster', source: 'command line' }),
  aSetting('ssl', { vartype: 'bool', value: 'off', bootVal: 'off', context: 'sighup' }),
  aSetting('block_size', { vartype: 'integer', value: '8192', context: 'internal' }),
  aSetting('archive_command', { ...fromFile, value: 'true', context: 'sighup' }),
  aSetting('shared_preload_libraries', { context: 'postmaster' }),
  aSetting('primary_conninfo', { context: 'sighup' }),
  aSetting('my_ext.api_key'),
];

export interface World {
  /** Beside the texts above; null: not there. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** On disk, and no configuration. */
  readonly strangers?: readonly string[];
  readonly settings?: readonly ServerSetting[];
  readonly context?: Partial<PlanContext>;
}

export function aContext({ files = {}, strangers = [], settings: bent = [], context }: World = {}): PlanContext {
  const before = new Map<string, ConfigFile>();
  for (const [name, content] of Object.entries<string | null>({ ...texts, ...files }))
    if (content !== null)
      before.set(`${home}/${name}`, {
        path: `${home}/${name}`,
        role: roles[name] ?? 'include',
        content,
        mode: 0o600,
        uid: 1,
        gid: 1,
      });
  const folders = new Set([home, `${home}/conf.d`]);
  return {
    versionNum: 170010,
    sql: { allowed: false, parsed: [], databases: new Map(), mayCreateRoles: true },
    settings: new Map([...settings, ...bent].map((setting) => [setting.name.toLowerCase(), setting])),
    before,
    paths: {
      config: `${home}/postgresql.conf`,
      auto: `${home}/postgresql.auto.conf`,
      hba: `${home}/pg_hba.conf`,
      ident: `${home}/pg_ident.conf`,
    },
    disk: {
      read: () => null,
      list: (folder) =>
        folders.has(folder)
          ? [...before.keys()].filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1))
          : null,
    },
    resolve: (given) => {
      const path = normalise(isAbsolute(given) ? given : `${home}/${given}`);
      return {
        path,
        inside: isInside(home, path),
        exists: before.has(path) || strangers.includes(given),
        parentExists: folders.has(dirname(path)) || !isInside(home, path),
        allowed: false,
      };
    },
    allowedSettings: [],
    canRestart: true,
    standbys: [],
    digest: (role, content) => `${role}:${sha256Hex(content)}`,
    fingerprint: (secret) => sha256Hex(secret).slice(0, 8),
    serverProblems: new Map(),
    ...context,
  };
}

export type AChange = Omit<ConfigChange, 'kind'>;
export type Accepted = Extract<Planned, { kind: 'planned' }>;

export function plan(change: AChange, world: World = {}): Planned {
  return planChange(aContext(world), { kind: 'config', ...change });
}

/** A plan that is expected to be one. */
export function planned(change: AChange, world: World = {}): Accepted {
  const answer = plan(change, world);
  if (answer.kind === 'refused') throw new Error(JSON.stringify(answer.problems));
  return answer;
}

/** Codes of every reason to refuse; none: it is planned. */
export function refusals(change: AChange, world: World = {}): readonly string[] {
  const answer = plan(change, world);
  return answer.kind === 'refused' ? answer.problems.map(({ code }) => code) : [];
}
