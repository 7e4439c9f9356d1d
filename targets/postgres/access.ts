/** Asks the simulator who loses and gains access: of a plan, and of two captures. Reads the server's sessions, writes nothing. */
import { networkInterfaces, userInfo } from 'node:os';
import { afterGrants } from '../../domain/access/after-grants.ts';
import { type Afterwards, afterSql } from '../../domain/access/after-sql.ts';
import { parseAddress } from '../../domain/access/address.ts';
import { type AccessImpact, type Asked, accessImpact } from '../../domain/access/impact.ts';
import type { NeedSections } from '../../domain/access/needs.ts';
import { lostSuperusers } from '../../domain/access/lockout.ts';
import { mergeAsked } from '../../domain/access/merge-asked.ts';
import { type AccessState, simulateLogin } from '../../domain/access/login.ts';
import { type People, accessStateOf } from '../../domain/access/world.ts';
import type { FileView } from '../../domain/conf/conf-tree.ts';
import { dirname } from '../../domain/conf/paths.ts';
import type { Planned } from '../../domain/plan/change.ts';
import { type PlanContext, viewOf } from '../../domain/plan/context.ts';
import type { FileSet } from '../../domain/snapshot/files.ts';
import type { Sections } from '../../domain/snapshot.ts';
import type { Captured } from '../target.ts';
import { fileSetOf } from './capture.ts';
import type { Session } from './session.ts';

export interface Both {
  readonly before: AccessState;
  readonly after: AccessState;
  readonly needs: NeedSections;
}

/** `wanted` null: as they are, but for what the change's own SQL says. null: what a server without SQL holds nobody knows. */
export function statesOfPlan(
  context: PlanContext,
  captured: Captured,
  planned: Pick<Extract<Planned, { kind: 'planned' }>, 'overlay' | 'values' | 'summary'>,
  wanted: Pick<Sections, 'roles' | 'memberships' | 'databases' | 'catalogs'> | null,
): Both | null {
  const { snapshot, secrets = {} } = captured;
  if (snapshot === null) return null;
  const { sections } = snapshot;
  const common = { ...commonOf(sections), secretOf: secretOf(secrets) };
  const run = context.sql.parsed.flatMap(({ database, statements: parsed }) =>
    typeof parsed === 'string' ? [] : parsed.map((statement) => ({ database, statement })),
  );
  const statements = run.map(({ statement }) => statement);
  const then: Afterwards =
    wanted === null ? afterSql(sections, statements, context.versionNum) : { ...peopleOf(wanted), untold: null };
  const now = (name: string): string => context.settings.get(name)?.value ?? '';
  const setting = (name: string): string => {
    const known = context.settings.get(name);
    if (known?.source === 'command line') return known.value;
    // What waits for a restart in the files goes on waiting.
    if (known?.context === 'postmaster' && planned.summary.effect !== 'restart') return known.value;
    const unset = known?.source === 'configuration file' ? known.bootVal : known?.value;
    return planned.values.get(name) ?? unset ?? '';
  };
  // Unset, it is the one in the data directory, wherever it stands now.
  const fileThen = (name: string, now: string, usual: string): string => {
    const named = planned.values.get(name);
    if (named !== undefined) return named;
    const isReset = context.settings.get(name)?.source === 'configuration file';
    return isReset ? `${captured.facts.dataDirectory}/${usual}` : now;
  };
  const { hba, ident } = context.paths;
  const { catalogs, untold } = afterGrants(sections.catalogs, run, context.versionNum);
  // What an earlier snapshot held comes back as a whole.
  const inside = wanted === null ? { ...then, catalogs } : wanted;
  return {
    needs: { before: sections, after: { ...sections, ...inside }, untold },
    before: accessStateOf({
      ...common,
      ...peopleOf(sections),
      hba,
      ident,
      view: viewOf(context, new Map()),
      setting: now,
    }),
    after: accessStateOf({
      ...common,
      ...then,
      hba: fileThen('hba_file', hba, 'pg_hba.conf'),
      ident: fileThen('ident_file', ident, 'pg_ident.conf'),
      view: viewOf(context, planned.overlay),
      setting,
    }),
  };
}

/** null: one of them was taken without SQL. */
export function statesOfCaptures(before: Captured, after: Captured): Both | null {
  if (before.snapshot === null || after.snapshot === null) return null;
  const [was, is] = [before.snapshot.sections, after.snapshot.sections];
  return {
    before: stateOf(before, was),
    after: stateOf(after, is),
    needs: { before: was, after: is, untold: new Map() },
  };
}

/** What of a snapshot decides who gets in. */
interface StateSections extends People {
  readonly server: Pick<Sections['server'], 'versionNum'>;
  readonly settings: readonly Pick<Sections['settings'][number], 'name' | 'value'>[];
}

/** `otherwise`: settings that are not to be taken from the sections, by lower-cased name. */
export function stateOf(
  captured: Pick<Captured, 'files' | 'facts' | 'secrets'>,
  sections: StateSections,
  otherwise: ReadonlyMap<string, string> = new Map(),
  files: FileSet = fileSetOf(captured),
): AccessState {
  const values = new Map([
    ...sections.settings.map(({ name, value }) => [name.toLowerCase(), value] as const),
    ...otherwise,
  ]);
  return accessStateOf({
    ...commonOf(sections),
    ...peopleOf(sections),
    secretOf: secretOf(captured.secrets ?? {}),
    hba: captured.facts.paths.hba,
    ident: captured.facts.paths.ident,
    view: viewOfFiles(files),
    setting: (name) => values.get(name) ?? '',
  });
}

/** The same list, and whether superusers are locked out. */
export function impactOf({ before, after, needs }: Both, asked: readonly Asked[]): AccessImpact {
  const all = mergeAsked(asked).map((one) => asSystemUser(before, one));
  return accessImpact(before, after, [...all, ...lostSuperusers(before, after)], needs);
}

/** Knowngood is in by the socket: as whom the system knows it is known where that explains why, and left open elsewhere. */
function asSystemUser(before: AccessState, one: Asked): Asked {
  if (one.source !== 'knowngood' || one.from !== 'local') return one;
  const { user, database, tls } = one;
  const systemUser = ownName();
  if (systemUser === null) return one;
  const access = simulateLogin(before, { user, database, address: null, tls, systemUser });
  return access.kind === 'allowed' ? { ...one, systemUser } : one;
}

/** null: a user without a name, as in some containers. */
function ownName(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}

interface SeenRow {
  readonly [column: string]: unknown;
  readonly user: string;
  readonly database: string;
  readonly address: string | null;
  readonly tls: boolean;
  /** Physical: it asks for no database. */
  readonly replication: boolean;
  readonly isSender: boolean;
}

const hereQuery = `
  select session_user::text as user, pg_catalog.current_database()::text as database,
         pg_catalog.host(pg_catalog.inet_client_addr()) as address, coalesce(s.ssl, false) as tls, false as replication,
         false as "isSender"
  from (select pg_catalog.pg_backend_pid() as pid) as me left join pg_catalog.pg_stat_ssl s using (pid)
  union
  select r.usename::text, coalesce(a.datname::text, ''), pg_catalog.host(r.client_addr), coalesce(s.ssl, false),
         a.datname is null, true
  from pg_catalog.pg_stat_replication r join pg_catalog.pg_stat_activity a using (pid)
       left join pg_catalog.pg_stat_ssl s using (pid)
  where r.usename is not null`;

/** Knowngood's own way in, and who replicates now. */
export async function askedHere(session: Session): Promise<readonly Asked[]> {
  const rows = await session.rows<SeenRow>(hereQuery);
  return rows.map(({ user, database, address, tls, replication, isSender }) => ({
    user,
    database,
    from: address ?? 'local',
    tls,
    replication,
    source: isSender ? 'replication' : 'knowngood',
    who: [isSender ? 'replication' : 'Knowngood itself'],
  }));
}

function commonOf({
  server,
}: Pick<StateSections, 'server'>): Pick<Parameters<typeof accessStateOf>[0], 'versionNum' | 'interfaces' | 'now'> {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.flatMap((one) => {
      const [address, mask] = [parseAddress(one.address), parseAddress(one.netmask)];
      return address === null || mask === null ? [] : [{ address, mask }];
    }),
  );
  return { versionNum: server.versionNum, interfaces, now: Date.now() };
}

function peopleOf({ roles, memberships, databases }: People): People {
  return { roles, memberships, databases };
}

function secretOf(secrets: Readonly<Record<string, string>>): (fingerprint: string) => string | null {
  return (fingerprint) => secrets[fingerprint] ?? null;
}

function viewOfFiles(files: FileSet): FileView {
  return {
    read: (path) => files.get(path)?.content ?? null,
    list: (folder) => {
      const inside = [...files.keys()].filter((path) => dirname(path) === folder);
      return inside.length === 0 ? null : inside.map((path) => path.slice(folder.length + 1));
    },
  };
}
