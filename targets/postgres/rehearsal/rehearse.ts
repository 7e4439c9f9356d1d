/**
 * The rehearsal of a change on the database host, beside the live server and never in it: does the candidate start, do its
 * dependents get in, and do apply and revert lead back to where they began? Bounded in time, memory and disk.
 */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { effectiveAssignments } from '../../../domain/conf/conf-tree.ts';
import type { Problem } from '../../../domain/problem.ts';
import {
  type LoginAnswer,
  type Rehearsal,
  type RehearsalFinding,
  type RehearsedPrincipal,
  rehearsalOf,
} from '../../../domain/rehearsal.ts';
import type { FileSet } from '../../../domain/snapshot/files.ts';
import type { Captured, ChangeStep, PlannedChange, Target } from '../../target.ts';
import { fileSetOf } from '../capture.ts';
import { fileError, hbaErrors, identErrors } from '../dirty.ts';
import { Disk } from '../disk.ts';
import type { PostgresTargetOptions } from '../options.ts';
import { identityOf } from '../identity.ts';
import {
  type FileSettingRow,
  type HbaRow,
  type IdentRow,
  fileSettingsQuery,
  hbaQuery,
  identQuery,
} from '../queries.ts';
import { TargetError, messageOf } from '../target-error.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { type Configuration, afterSteps, configurationOf } from './candidate.ts';
import { type RehearsalFolder, makeFolder, removeLeftRehearsals } from './folder.ts';
import { loopbackOf, tryLogin } from './logins.ts';
import { whyKept } from './neutral.ts';
import { type Population, populate } from './populate.ts';
import { type PrivateTree, contentIn, placeIn, settingIn } from './private-tree.ts';
import { diskProblem, judgeMemory, megabytes, readMemory } from './room.ts';
import { Scratch } from './scratch.ts';
import { whyNotStarted } from './server-log.ts';

export interface RehearseInput {
  readonly before: Captured;
  /** null: nobody knows what the change will do; then the configuration as it is must start again. */
  readonly plan: Pick<PlannedChange, 'steps'> | null;
  readonly principals: readonly RehearsedPrincipal[];
  /** A folder of the agent's own, where a record is kept until everything is removed again. */
  readonly records: string;
  /** Where the scratch server may live; null: the agent chooses. */
  readonly folder: string | null;
  readonly timeoutMs: number;
}

export type OpenTarget = (options: PostgresTargetOptions) => Target;

/** How long an unfinished step may take to hear that its server is gone. */
const lastStepMs = 2_000;

/** Never throws, and never leaves anything behind: what could not be done is a finding. */
export async function rehearse(input: RehearseInput, open: OpenTarget): Promise<Rehearsal> {
  const began = performance.now();
  const findings: RehearsalFinding[] = [];
  const over = new AbortController();
  const late = tooLate(input.timeoutMs);
  const timer = setTimeout(() => over.abort(late), input.timeoutMs);
  const aborted = new Promise<never>((_, reject) =>
    over.signal.addEventListener('abort', () => reject(late), { once: true }),
  );
  aborted.catch(() => undefined);
  const held: Held = { folder: null, scratch: null, target: null, client: null };
  let found: RehearsalFinding[] = [];
  const work = perform(input, open, findings, held, over.signal);
  try {
    await Promise.race([work, aborted]);
  } catch (error) {
    findings.push({ what: 'the rehearsal', ok: null, problem: problemOf(error) });
  } finally {
    clearTimeout(timer);
    over.abort(late);
    // What an unfinished step still has to say is about a server that is gone.
    found = [...findings];
    found.push(...(await letGo(held, work)));
  }
  return rehearsalOf(found, Math.round(performance.now() - began));
}

interface Held {
  folder: RehearsalFolder | null;
  scratch: Scratch | null;
  target: Target | null;
  client: pg.Client | null;
}

async function letGo(held: Held, work: Promise<void>): Promise<readonly RehearsalFinding[]> {
  try {
    await held.client?.end().catch(() => undefined);
    await held.target?.close().catch(() => undefined);
    // Before the folder goes: a step that is just ending may still start something.
    await Promise.race([work.catch(() => undefined), sleep(lastStepMs, undefined, { ref: false })]);
    await held.folder?.remove();
    return [];
  } catch (error) {
    const problem = {
      code: 'rehearsal-left',
      message: 'the rehearsal could not clean up',
      detail: messageOf(error),
      hint: 'The agent tries again at its next start.',
    };
    return [{ what: 'cleaning up', ok: null, problem }];
  }
}

function tooLate(timeoutMs: number): TargetError {
  return new TargetError('TargetUnreachable', [
    {
      code: 'rehearsal-timeout',
      message: `the rehearsal was not over after ${timeoutMs / 1000} s`,
      hint: 'Give it more time with rehearsal.timeout in agent.yaml.',
    },
  ]);
}

function problemOf(error: unknown): Problem {
  if (error instanceof TargetError) return error.problem;
  return { code: 'rehearsal-broke', message: 'the rehearsal could not be carried out', detail: messageOf(error) };
}

/** Ends early where the next step would make no sense; throws what nobody foresaw. */
async function perform(
  input: RehearseInput,
  open: OpenTarget,
  findings: RehearsalFinding[],
  held: Held,
  signal: AbortSignal,
): Promise<void> {
  const { before, plan, principals, records } = input;
  const { facts } = before;
  const say = (what: string, ok: boolean | null, problem?: Problem): void =>
    void findings.push({ what, ok, ...(problem === undefined ? {} : { problem }) });
  const sayAll = (what: string, problems: readonly Problem[]): boolean => {
    if (problems.length === 0) say(what, true);
    for (const problem of problems) say(what, false, problem);
    return problems.length === 0;
  };
  await removeLeftRehearsals(records);
  const binaries = await findBinaries(facts.dataDirectory);
  if ('code' in binaries) return say('the program of the server', null, binaries);
  const steps = plan?.steps ?? [];
  const wanted = {
    users: new Set(principals.map(({ user }) => user)),
    databases: new Set([
      ...principals.map(({ database }) => database),
      ...steps.flatMap((step) => (step.do === 'sql' ? [step.database] : [])),
    ]),
  };
  const settingOf = (name: string): string =>
    before.snapshot?.sections.settings.find((one) => one.name === name)?.value ?? '';
  const walSegmentBytes = Number(settingOf('wal_segment_size')) || 16 * 1024 * 1024;
  held.folder = await makeFolder(records, input.folder, binaries, signal);
  if (held.folder === null)
    return say('the place', null, {
      code: 'cannot-rehearse',
      message: "no folder can be used by the server's user",
      hint: 'Name one as rehearsal.folder in agent.yaml.',
    });
  const folder = held.folder.path;
  const noRoom = await diskProblem(folder, wanted.databases.size, walSegmentBytes);
  if (noRoom !== null) return say('the place', null, noRoom);

  const [was, candidate] = await configurations(before, steps);
  const common = {
    folder,
    binaries,
    facts,
    before: was,
    candidate,
    given: commandLineOf(before),
    loopback: principals.some(({ address }) => address !== null && loopbackOf(address) !== null),
    walSegmentBytes,
    checksums: settingOf('data_checksums') === 'on',
    signal,
  };
  const treeAt = (name: string): PrivateTree => ({
    root: join(folder, name),
    role: `knowngood_${randomBytes(4).toString('hex')}`,
    holds: (path) => [was, candidate].some(({ files, folders }) => files.has(path) || folders.includes(path)),
  });
  const reader = new Scratch({ ...common, tree: treeAt('read') });
  await reader.layOut(candidate);
  if (!sayAll('the candidate is read (postgres -C)', await readProblems(reader, candidate))) return;

  const { initdb } = binaries;
  if (initdb === null)
    return say('the candidate starts', null, {
      code: 'no-initdb',
      message: 'the candidate was read, and not started',
      detail: `There is no initdb beside ${binaries.postgres}.`,
      hint: "Install the server's own initdb: without it no scratch server can be made.",
    });
  const tree = treeAt('tree');
  const scratch = (held.scratch = new Scratch({ ...common, tree }));
  const unmade = await scratch.init(initdb);
  if (unmade !== null) return say('the scratch server', null, unmade);
  await scratch.layOut(candidate);

  const libraries = await loadProblems(scratch, facts.versionNum);
  if (libraries !== null && !sayAll('libraries and limits of the candidate', libraries)) return;
  const further = await bounds(scratch, candidate, facts.versionNum, say);
  if (further === null) return;
  if (!sayAll('the candidate starts', await scratch.start(further))) return;
  for (const name of untriedOf(steps, was, candidate, further))
    say(`${name} of the candidate`, null, {
      code: 'setting-untried',
      message: `the value of "${name}" was read, and not tried`,
      detail: `On a scratch server it is kept at another one: ${whyKept(name) ?? 'it would take too much of this host'}.`,
    });
  held.client = await connect(scratch, tree);
  const wrong = await fileProblems(held.client, scratch, tree, candidate);
  if (!sayAll('its files load', wrong)) return;
  if (before.snapshot === null) return;

  const population = await populate(held.client, before, wanted);
  const methods = await methodsOf(held.client);
  const login = (principal: RehearsedPrincipal): Promise<LoginAnswer> =>
    tryLogin(principal, { socketDir: scratch.socketDir, port: scratch.port, password: population.password, methods });
  const asCandidate = await answersOf(principals, login);
  await held.client.end();
  held.client = null;
  await scratch.stop();

  await scratch.layOut(was);
  const broken = await scratch.start(further);
  if (broken.length > 0) {
    for (const [at, principal] of principals.entries()) sayLogin(say, principal, null, asCandidate[at]);
    return broken.forEach((problem) =>
      say('the configuration as it is starts again', plan === null ? false : null, problem),
    );
  }
  say('the configuration as it is starts again', true);
  const asIs = await answersOf(principals, login);
  for (const [at, principal] of principals.entries()) sayLogin(say, principal, asIs[at] ?? null, asCandidate[at]);
  if (plan === null) return;
  await actAndRevert({ scratch, tree, was, candidate, further, steps, before, population, held, open, say });
}

/** What is there, and what would be. */
async function configurations(
  before: Captured,
  steps: readonly ChangeStep[],
): Promise<readonly [Configuration, Configuration]> {
  const { facts, includeDirs } = before;
  const files = fileSetOf(before);
  const then = afterSteps(files, steps, facts);
  const removed = new Set([...files.keys()].filter((path) => !then.has(path)));
  const read = (set: FileSet, gone: ReadonlySet<string>): Promise<Configuration> =>
    new Disk().settle((disk) => configurationOf(set, gone, facts, includeDirs, disk));
  return [await read(files, new Set()), await read(then, removed)];
}

/** The live server's own command line outranks its files, and so it does here. */
function commandLineOf({ snapshot }: Captured): Readonly<Record<string, string>> {
  const rows =
    snapshot?.sections.settings.filter(({ source, value }) => source === 'command line' && value !== '') ?? [];
  const paths = ['data_directory', 'config_file', 'hba_file', 'ident_file'];
  return Object.fromEntries(
    rows
      .filter(({ name, value }) => !paths.includes(name) && !value.startsWith('hmac:'))
      .map(({ name, value }) => [name, value]),
  );
}

async function readProblems(reader: Scratch, candidate: Configuration): Promise<readonly Problem[]> {
  const { code, stderr } = await reader.ask('shared_buffers');
  if (code === 0) return [];
  return reader.inOwnWords(whyNotStarted(stderr)).map((problem) => located(problem, candidate));
}

/** `invalid value for parameter "x": "y"` has no file and line: the assignment that wins is the one that is meant. */
function located(problem: Problem, { conf }: Configuration): Problem {
  const [, name] = /parameter "([^"]+)"/.exec(problem.message) ?? [];
  const place = name === undefined ? undefined : effectiveAssignments(conf).get(name.toLowerCase());
  if (place === undefined || problem.message.includes(` line ${place.line}`)) return problem;
  return { ...problem, message: `${place.file} line ${place.line}: ${problem.message}` };
}

/** From 15 on one setting is computed by doing all that a start does before it takes memory. null: only a start tells. */
async function loadProblems(scratch: Scratch, versionNum: number): Promise<readonly Problem[] | null> {
  if (versionNum < 150_000) return null;
  const { code, stderr } = await scratch.ask('shared_memory_size');
  return code === 0 ? [] : scratch.inOwnWords(whyNotStarted(stderr));
}

const little = { shared_buffers: '16MB', huge_pages: 'off' } as const;

/** What this try keeps at other values than the candidate's, so that it harms nobody. null: it must not be started. */
async function bounds(
  scratch: Scratch,
  candidate: Configuration,
  versionNum: number,
  say: (what: string, ok: boolean | null, problem?: Problem) => void,
): Promise<Readonly<Record<string, string>> | null> {
  const further: Record<string, string> = {};
  const values = effectiveAssignments(candidate.conf);
  if ((values.get('ssl_passphrase_command')?.value ?? '') !== '') {
    further['ssl'] = 'off';
    say('TLS of the candidate', null, {
      code: 'tls-untried',
      message: 'TLS was not tried',
      detail: 'Its key needs ssl_passphrase_command, and a scratch server runs no commands.',
    });
  }
  // A sandbox that keeps the agent from it says nothing about the live server.
  if (values.get('io_method')?.value.toLowerCase() === 'io_uring') further['io_method'] = 'worker';
  const memory = await readMemory();
  const need = await sharedMemory(scratch, versionNum, further);
  const verdict = judgeMemory({ bytes: need, hugePages: await valueOf(scratch, 'huge_pages', further) }, memory);
  if (verdict.problem === null) {
    say(`memory of the candidate (${megabytes(need)} shared)`, true);
    return further;
  }
  say('memory of the candidate', verdict.ok, verdict.problem);
  if (verdict.ok === false) return null;
  const less = { ...further, ...little };
  // Whatever else takes so much (max_connections, for one) is not tried either.
  const small = judgeMemory({ bytes: await sharedMemory(scratch, versionNum, less), hugePages: 'off' }, memory);
  return small.problem === null ? less : null;
}

async function sharedMemory(
  scratch: Scratch,
  versionNum: number,
  further: Readonly<Record<string, string>>,
): Promise<number> {
  const atStart = Number(await valueOf(scratch, 'min_dynamic_shared_memory', further)) * 1024 * 1024;
  if (versionNum >= 150_000)
    return Number(await valueOf(scratch, 'shared_memory_size', further)) * 1024 * 1024 + atStart;
  const connections = Number(await valueOf(scratch, 'max_connections', further));
  return Number(await valueOf(scratch, 'shared_buffers', further)) * 8192 + connections * 20_000 + atStart;
}

async function valueOf(scratch: Scratch, name: string, further: Readonly<Record<string, string>>): Promise<string> {
  return (await scratch.ask(name, further)).stdout.trim();
}

/** Settings that the change touches and the scratch server does not take from it. */
function untriedOf(
  steps: readonly ChangeStep[],
  was: Configuration,
  candidate: Configuration,
  further: Readonly<Record<string, string>>,
): readonly string[] {
  if (steps.length === 0) return [];
  const [a, b] = [effectiveAssignments(was.conf), effectiveAssignments(candidate.conf)];
  return [...new Set([...a.keys(), ...b.keys()])].filter(
    (name) => a.get(name)?.value !== b.get(name)?.value && (whyKept(name) !== null || further[name] !== undefined),
  );
}

async function connect({ socketDir, port }: Scratch, { role }: PrivateTree): Promise<pg.Client> {
  const client = new pg.Client({
    host: socketDir,
    port,
    user: role,
    database: 'postgres',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // Not by the rules, which let it in first: by what every session loads.
    throw new TargetError('NotApplied', [
      {
        code: 'no-session',
        message: 'the candidate starts, and lets nobody in',
        detail: messageOf(error),
        hint: 'Every new connection would fail so.',
      },
    ]);
  }
  return client;
}

/** What the server itself makes of its files: both views read the disk. */
async function fileProblems(
  client: pg.Client,
  scratch: Scratch,
  tree: PrivateTree,
  candidate: Configuration,
): Promise<readonly Problem[]> {
  const rows = async <T extends object>(sql: string): Promise<readonly T[]> => (await client.query(sql)).rows as T[];
  const { rows: versions } = await client.query<{ num: number }>(
    `select current_setting('server_version_num')::int as num`,
  );
  const settings = await rows<FileSettingRow>(fileSettingsQuery);
  const hba = await rows<HbaRow>(hbaQuery);
  const ident = (versions[0]?.num ?? 0) >= 150_000 ? await rows<IdentRow>(identQuery) : [];
  const own = placeIn(tree, candidate.hba);
  const errors = settings
    .filter(({ error, name }) => error !== null && !(name !== null && whyKept(name) !== null))
    .map(fileError);
  return scratch.inOwnWords([
    ...errors,
    ...hbaErrors({ hba: withoutOwnRule(hba, own) }).map((problem) => ({
      ...problem,
      message: unshifted(problem.message),
    })),
    ...identErrors({ ident }),
  ]);
}

/** The first line is the rule of our own. */
function withoutOwnRule(rows: readonly HbaRow[], _own: string): readonly HbaRow[] {
  return rows.filter(({ line }, at) => !(at === 0 && line === 1));
}

function unshifted(message: string): string {
  return message.replace(/^(pg_hba\.conf line )(\d+)/, (_, head: string, line: string) => `${head}${Number(line) - 1}`);
}

async function methodsOf(client: pg.Client): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ method: string | null }>('select auth_method as method from pg_hba_file_rules');
  return new Set(rows.flatMap(({ method }) => method ?? []));
}

async function answersOf(
  principals: readonly RehearsedPrincipal[],
  login: (principal: RehearsedPrincipal) => Promise<LoginAnswer>,
): Promise<readonly LoginAnswer[]> {
  const answers: LoginAnswer[] = [];
  for (const principal of principals) answers.push(await login(principal));
  return answers;
}

function sayLogin(
  say: (what: string, ok: boolean | null, problem?: Problem) => void,
  { user, database, address, tls }: RehearsedPrincipal,
  asIs: LoginAnswer | null,
  then: LoginAnswer = { kind: 'untried', why: 'it was not asked' },
): void {
  const from = address === null ? 'over the socket' : `from ${address}${tls ? ' with TLS' : ''}`;
  const what = `${user}@${database} ${from} logs in`;
  switch (then.kind) {
    case 'in':
      return say(what, true);
    case 'untried':
      return say(what, null, { code: 'login-untried', message: `whether ${what} was not tried`, detail: then.why });
    case 'denied': {
      const state = then.sqlState === null ? '' : ` (${then.sqlState})`;
      const detail = `The scratch server says: ${then.message}${state}.`;
      if (asIs?.kind === 'denied')
        return say(what, null, {
          code: 'denied-before',
          message: `${user}@${database} ${from} is denied with and without the change`,
          detail,
        });
      return say(what, false, {
        code: 'login-denied',
        message: `the candidate denies ${user}@${database} ${from}`,
        detail,
      });
    }
    default:
      return then satisfies never;
  }
}

interface Act {
  readonly scratch: Scratch;
  readonly tree: PrivateTree;
  readonly was: Configuration;
  readonly candidate: Configuration;
  readonly further: Readonly<Record<string, string>>;
  readonly steps: readonly ChangeStep[];
  readonly before: Captured;
  readonly population: Population;
  readonly held: Held;
  readonly open: OpenTarget;
  readonly say: (what: string, ok: boolean | null, problem?: Problem) => void;
}

/** The product's own apply and revert, on the scratch server as it runs with the old configuration. */
async function actAndRevert({ scratch, tree, was, candidate, further, steps, held, open, say }: Act): Promise<void> {
  const connection = `postgresql://${tree.role}@/postgres?host=${encodeURIComponent(scratch.socketDir)}&port=${scratch.port}`;
  const restart = async (): Promise<Problem | null> => {
    await scratch.stop();
    const [problem] = await scratch.start(further);
    return problem ?? null;
  };
  const options = { database: { connection, password: null }, password: null, key: randomBytes(32), restart };
  const target = (held.target = open(options));
  const client = (held.client = await connect(scratch, tree));
  const tried = await inTheTree(steps, { tree, was, candidate }, client, say);
  await client.end();
  held.client = null;
  const before = await target.capture();
  const why = await target
    .apply({ summary: nothingPlanned, server: identityOf(before), steps: tried }, unfenced, unheard)
    .then(() => null, problemOf);
  say('the change is applied', why === null, why === null ? undefined : scratch.inOwnWords([why])[0]);
  // Half applied is to be reverted, too.
  const change = await target.capture().catch(() => null);
  const report = await target.revert({
    changeId: 'rehearsal',
    before,
    change,
    mayRestart: true,
    witnesses: [],
    fence: unfenced,
    say: unheard,
  });
  const left = [
    ...scratch.inOwnWords(report.remaining),
    ...(report.after === null ? [] : target.drift(before, report.after).map(notBack)),
  ].map((problem) => ({ ...problem, message: problem.message.replaceAll(tree.root, '') }));
  if (left.length === 0) say('the revert leads back, exactly', true);
  for (const problem of left) say('the revert leads back, exactly', false, problem);
}

function notBack(item: string): Problem {
  return { code: 'not-reverted', message: `${item} is not as it was before the change` };
}

const unfenced = (): void => undefined;
const unheard = (): void => undefined;
const nothingPlanned: PlannedChange['summary'] = {
  hash: '',
  items: [],
  moreItems: 0,
  effect: 'none',
  risk: 'low',
  diff: '',
  warnings: [],
};

/** The plan's steps with the paths of the tree. SQL stays as far as what it names is there: a scratch server has no tables. */
async function inTheTree(
  steps: readonly ChangeStep[],
  { tree, was, candidate }: Pick<Act, 'tree' | 'was' | 'candidate'>,
  client: pg.Client,
  say: Act['say'],
): Promise<readonly ChangeStep[]> {
  const now = (path: string): string | null => {
    const file = was.files.get(path);
    if (file === undefined) return null;
    const content = contentIn(tree, was.roles.get(path) ?? 'other', file.content);
    return `sha256:${createHash('sha256').update(Buffer.from(content, 'latin1')).digest('hex')}`;
  };
  const mapped: ChangeStep[] = [];
  for (const step of steps) {
    if (step.do === 'write-file') {
      const content = Buffer.from(step.base64, 'base64').toString('latin1');
      const role = candidate.roles.get(step.path) ?? was.roles.get(step.path) ?? 'other';
      const base64 = Buffer.from(contentIn(tree, role, content), 'latin1').toString('base64');
      mapped.push({ ...step, path: placeIn(tree, step.path), base64, expectDigest: now(step.path) });
    } else if (step.do === 'remove-file')
      mapped.push({ ...step, path: placeIn(tree, step.path), expectDigest: now(step.path) ?? step.expectDigest });
    else if (step.do === 'alter-system')
      mapped.push({ ...step, literals: step.literals?.map((literal) => settingIn(tree, step.name, literal)) ?? null });
    else if (step.do === 'sql') {
      const why = await whyNotHere(client, step.database, step.statements);
      if (why === null) mapped.push(step);
      else
        say(`SQL in database ${step.database}`, null, {
          code: 'sql-untried',
          message: 'SQL of the change was not tried',
          detail: `A scratch server has roles and empty databases: ${why}.`,
        });
    } else mapped.push(step);
  }
  return mapped;
}

/** Asked in a transaction that is rolled back. */
async function whyNotHere(client: pg.Client, database: string, statements: readonly string[]): Promise<string | null> {
  const there = new pg.Client({
    host: client.host,
    port: client.port,
    ...(client.user === undefined ? {} : { user: client.user }),
    database,
  });
  there.on('error', () => undefined);
  try {
    await there.connect();
    await there.query('begin');
    for (const statement of statements) await there.query(statement);
    return null;
  } catch (error) {
    return messageOf(error);
  } finally {
    await there.query('rollback').catch(() => undefined);
    await there.end().catch(() => undefined);
  }
}
