/** `knowngood doctor`: is everything there, and what is not covered. */
import { loadAgentConfig, loadKnowngoodConfig } from '../../config/load.ts';
import { ProblemsError } from '../../config/problems-error.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { looking } from '../doctor/finding.ts';
import { readEmbedded } from '../embedded.ts';
import type { Finding } from '../doctor/finding.ts';
import { examineHost } from '../doctor/host.ts';
import { examineOrchestrator } from '../doctor/orchestrator.ts';
import { type RolesOptions, rolesFor, sqlChecksOf } from '../doctor/roles.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { loginOf, passwordOption } from '../login.ts';
import { type GlobalOptions, nameOption, repeated } from '../options.ts';
import { notCovered, renderFindings } from '../render/findings.ts';
import { renderProblems } from '../render/problem.ts';
import { jsonVersion } from '../render/result.ts';
import { stop } from '../stop.ts';

interface Options extends GlobalOptions, Omit<RolesOptions, 'prober'> {
  readonly sql?: boolean;
  readonly connection?: string;
  readonly password?: string;
  readonly prober?: readonly string[];
}

export const addDoctor: AddCommand = (program, { io, exit }) => {
  program
    .command('doctor')
    .description('check reachability, privileges and secrets from here, and say what is not covered')
    .option('--sql', 'print only the SQL that makes the roles of reader, reverter and prober')
    .option('--drop', 'with --sql: print what takes these roles away again')
    .option(
      '--target <name>',
      'with --sql: the PostgreSQL server (default: that of agent.yaml, or the only one)',
      nameOption,
    )
    .option(
      '--connection <url>',
      'with --sql: ask the server, or the leader of the cluster, by this login (default: that of agent.yaml)',
    )
    .option(passwordOption.flags, `with --connection: ${passwordOption.description}`)
    .option('--reader <role>', 'who only looks', 'knowngood_reader')
    .option('--reverter <role>', 'who changes and takes back (default: the role of agent.yaml, if it is no superuser)')
    .option(
      '--prober <role>',
      'who logs in for checks and is no service; may be repeated (default: knowngood_prober)',
      repeated,
    )
    .option('--with-sql', 'with --sql: let it put roles and grants back, whatever agent.yaml allows')
    .option('--passwords', 'with --sql: let the reader see password verifiers')
    .option('--setting <name>', 'with --sql: let it set only this one; may be repeated', repeated)
    .action(async (_: unknown, self) => {
      const options = optionsOf<Options>(self);
      exit(await (options.sql === true ? printRoles : examine)(io, options));
    });
};

async function printRoles(io: Io, options: Options): Promise<ExitCode> {
  const config = await ifThere(() => loadKnowngoodConfig(options.config));
  const agent = await ifThere(() => loadAgentConfig(options.agentConfig));
  if (config === null && agent === null) throw nothingFound();
  const { connection } = options;
  const login = connection === undefined ? null : loginOf(io, { ...options, connection });
  const answer = await rolesFor({ config, agent, login, options: { ...options, prober: probersOf(options) } });
  io.out(options.json ? JSON.stringify({ version: jsonVersion, ...answer }, null, 2) : answer.sql.trimEnd());
  if (answer.problems.length === 0) return exitCodes.kept;
  io.err(renderProblems(answer.problems, io.colors));
  return exitCodes.error;
}

async function examine(io: Io, options: Options): Promise<ExitCode> {
  const findings: Finding[] = [];
  const embedded = (await readEmbedded(io.env))?.store ?? null;
  const config = await orFinding(() => loadKnowngoodConfig(options.config), findings);
  if (config !== null) findings.push(...(await looking('doctor', () => examineOrchestrator(config, embedded))));
  const agent = await orFinding(() => loadAgentConfig(options.agentConfig), findings);
  if (agent !== null) {
    const look = { embedded, checks: sqlChecksOf(config, agent.target), probers: probersOf(options) };
    findings.push(...(await looking('doctor', () => examineHost(agent, look))));
  }
  if (findings.length === 0) throw nothingFound();
  const exitCode = findings.some(({ mark }) => mark === 'problem') ? exitCodes.error : exitCodes.kept;
  io.out(
    options.json
      ? JSON.stringify({ version: jsonVersion, exitCode, findings, notCovered }, null, 2)
      : renderFindings(findings, io.colors),
  );
  return exitCode;
}

function probersOf({ prober = ['knowngood_prober'] }: Options): readonly string[] {
  return prober;
}

function nothingFound(): Error {
  return stop({
    code: 'no-configuration',
    message: 'neither knowngood.yaml nor agent.yaml was found',
    hint: 'Name them with --config FILE and --agent-config FILE.',
  });
}

/** null: there is no such file. */
async function ifThere<T>(load: () => Promise<T>): Promise<T | null> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof ProblemsError && error.problems.some(({ code }) => code === 'no-configuration')) return null;
    throw error;
  }
}

/** null: there is no such file, or it is wrong, which is a finding. */
async function orFinding<T>(load: () => Promise<T>, findings: Finding[]): Promise<T | null> {
  try {
    return await ifThere(load);
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    findings.push(...(await looking('configuration', () => Promise.reject(error))));
    return null;
  }
}
