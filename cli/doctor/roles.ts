/** `doctor --sql`: the roles of one target as a script for a DBA to read and run. */
import { parseConnection } from '../../config/connection.ts';
import type { AgentConfig, DatabaseConfig, KnowngoodConfig } from '../../domain/config.ts';
import type { SqlCheck } from '../../domain/check.ts';
import { settled } from '../../domain/least-privilege/prober.ts';
import { type AgentRoles, dropScript, rolesScript } from '../../domain/least-privilege/script.ts';
import type { Problem } from '../../domain/problem.ts';
import type { AskedForRoles } from '../../worker/inspect.ts';
import { stop } from '../stop.ts';

export interface RolesOptions {
  readonly target?: string;
  readonly reader: string;
  readonly reverter?: string;
  readonly prober: readonly string[];
  readonly withSql?: boolean;
  readonly passwords?: boolean;
  readonly setting?: readonly string[];
  readonly drop?: boolean;
}

export interface RolesInput {
  readonly config: KnowngoodConfig | null;
  readonly agent: AgentConfig | null;
  /** As whom to ask instead of as the agent. */
  readonly login: DatabaseConfig | null;
  readonly options: RolesOptions;
}

export interface RolesAnswer {
  readonly sql: string;
  /** Why something is missing in it. */
  readonly problems: readonly Problem[];
}

const defaultReverter = 'knowngood_reverter';

export async function rolesFor({ config, agent, login, options }: RolesInput): Promise<RolesAnswer> {
  const { inspectForRoles, readProbers } = await import('../../worker/inspect.ts');
  const target = targetOf(config, agent, options.target);
  refuseOwned(agent, options);
  const checks = sqlChecksOf(config, target);
  const services = [...new Set(checks.map(({ user }) => user))].filter((role) => !options.prober.includes(role)).sort();
  const agentUser = agent === null ? null : parseConnection(agent.database.connection).user;
  const names = [options.reader, ...options.prober, options.reverter ?? defaultReverter].concat(agentUser ?? []);
  const asked = await inspectForRoles(agent, login, names);
  const read = await readProbers(checks, options.prober);
  const sections = asked?.sections ?? null;
  const probers = sections === null ? read : read.map((prober) => settled(prober, sections));
  const reverter = options.reverter ?? reverterOf(agentUser, asked);
  const roles = [...probers.map(({ role }) => role), ...(agent === null ? [] : [reverter, options.reader])];
  refuseSuperusers(roles, asked);
  if (options.drop) {
    if (asked === null) throw notAsked('what the roles have there');
    const last = agent === null ? undefined : parseConnection(agent.database.connection).database;
    const used = [...new Set([...asked.usedIn, ...probers.flatMap(({ databases }) => [...databases.keys()])])];
    const databases = [...used.filter((name) => name !== last), ...(last === undefined ? [] : [last])];
    return { sql: dropScript({ target, roles, databases, cluster: asked.cluster }), problems: [] };
  }
  const agentRoles = agent === null || asked === null ? null : rolesOfAgent(agent, asked, reverter, options);
  return {
    sql: rolesScript({ target, agent: agentRoles, probers, services }),
    problems: agentRoles === null ? [] : (asked?.unseen ?? []),
  };
}

function rolesOfAgent(
  { database, allow, commands }: AgentConfig,
  { version, versionNum, databases, settings, sections, cluster }: AskedForRoles,
  reverter: string,
  { reader, withSql = false, passwords = false, setting }: RolesOptions,
): AgentRoles {
  const only = setting === undefined ? null : new Set(setting.map((name) => name.toLowerCase()));
  return {
    version,
    versionNum,
    database: parseConnection(database.connection).database,
    reader,
    reverter: reverter === reader ? null : reverter,
    databases,
    sections,
    cluster,
    sql: withSql || allow.sql || Object.keys(commands).length > 0,
    passwords,
    settings: only === null ? settings : settings.filter(({ name }) => only.has(name.toLowerCase())),
    allowed: allow.settings,
  };
}

/** The agent's own role, unless that is a superuser: then one that can take its place. */
function reverterOf(agentUser: string | null, asked: AskedForRoles | null): string {
  return agentUser === null || asked?.superusers.includes(agentUser) === true ? defaultReverter : agentUser;
}

function targetOf(config: KnowngoodConfig | null, agent: AgentConfig | null, given: string | undefined): string {
  const known = agent === null ? Object.keys(config?.targets ?? {}) : [agent.target];
  const [only, ...others] = given === undefined ? known : known.filter((name) => name === given);
  if (only !== undefined && others.length === 0) return only;
  throw stop(
    only === undefined
      ? {
          code: 'unknown-target',
          message: `there is no target "${given ?? ''}" here`,
          detail: `Known: ${known.join(', ')}.`,
        }
      : {
          code: 'several-targets',
          message: 'there are several targets',
          hint: `Name one with --target: ${known.join(', ')}.`,
        },
  );
}

export function sqlChecksOf(config: KnowngoodConfig | null, target: string): readonly SqlCheck[] {
  const dependents = (config?.dependents ?? []).filter(({ uses }) => uses === target);
  return dependents.flatMap(({ checks }) => checks.flatMap((check) => (check.kind === 'sql' ? [check] : [])));
}

/** What another owner of the configuration leaves nothing to print of. */
function refuseOwned(agent: AgentConfig | null, { setting }: RolesOptions): void {
  if (agent?.rds !== undefined)
    throw stop({
      code: 'no-superuser',
      message: `no roles are printed for target ${agent.target}: it is an RDS instance`,
      detail: 'The script is for a superuser, and RDS has none to lend: its master user may not run it.',
      hint: 'Make the agent\'s role as docs/rds.md says. What it lacks "knowngood doctor --json" tells, with the statements.',
    });
  if (agent?.patroni !== undefined && setting !== undefined)
    throw stop({
      code: 'no-settings-granted',
      message: `--setting limits nothing for target ${agent.target}: it is a Patroni cluster`,
      detail: 'Settings are changed through Patroni, and no role gets ALTER SYSTEM.',
      hint: 'Leave --setting out.',
    });
}

/** The script would make them what it says, and no more. */
function refuseSuperusers(roles: readonly string[], asked: AskedForRoles | null): void {
  const [first] = roles.filter((role) => asked?.superusers.includes(role));
  if (first === undefined) return;
  throw stop({
    code: 'role-is-superuser',
    message: `role "${first}" is a superuser`,
    detail: 'The script would take that away from it.',
    hint: 'Name another role with --reader, --prober or --reverter.',
  });
}

function notAsked(what: string): Error {
  return stop({
    code: 'not-asked',
    message: `nobody was asked ${what}`,
    hint: 'Name agent.yaml with --agent-config FILE, or a login with --connection.',
  });
}
