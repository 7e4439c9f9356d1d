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
import { exitCodes } from '../exit-codes.ts';
import { notCovered, renderFindings, renderGrants } from '../render/findings.ts';
import { jsonVersion } from '../render/result.ts';
import { stop } from '../stop.ts';

export const addDoctor: AddCommand = (program, { io, exit }) => {
  program
    .command('doctor')
    .description('check reachability, privileges and secrets from here, and say what is not covered')
    .option('--sql', "print only the SQL that grants the agent's role what it lacks")
    .action(async (_: unknown, self) => {
      const options = optionsOf<{ readonly sql?: boolean }>(self);
      const findings: Finding[] = [];
      const embedded = await readEmbedded(io.env);
      const config = await ifThere(() => loadKnowngoodConfig(options.config), findings);
      if (config !== null)
        findings.push(...(await looking('doctor', () => examineOrchestrator(config, embedded?.store ?? null))));
      const agent = await ifThere(() => loadAgentConfig(options.agentConfig), findings);
      if (agent !== null)
        findings.push(...(await looking('doctor', () => examineHost(agent, embedded?.store ?? null))));
      if (findings.length === 0) {
        throw stop({
          code: 'no-configuration',
          message: 'neither knowngood.yaml nor agent.yaml was found',
          hint: 'Name them with --config FILE and --agent-config FILE.',
        });
      }
      const exitCode = findings.some(({ mark }) => mark === 'problem') ? exitCodes.error : exitCodes.kept;
      if (options.sql) {
        // What keeps us from knowing is said beside it, so that the answer stays SQL.
        for (const { what, text, sql } of findings.filter(({ mark }) => mark === 'problem'))
          if (sql === undefined) io.err(`${what}: ${text}`);
        io.out(renderGrants(findings));
        return exit(exitCode);
      }
      io.out(
        options.json
          ? JSON.stringify({ version: jsonVersion, exitCode, findings, notCovered }, null, 2)
          : renderFindings(findings, io.colors),
      );
      exit(exitCode);
    });
};

/** null: there is no such file. One that is wrong is a finding. */
async function ifThere<T>(load: () => Promise<T>, findings: Finding[]): Promise<T | null> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    if (error.problems.some(({ code }) => code === 'no-configuration')) return null;
    findings.push(...(await looking('configuration', () => Promise.reject(error))));
    return null;
  }
}
