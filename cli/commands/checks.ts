/** `knowngood checks try`: what does each check see now? `checks prove`: does it go red once its dependent's access is cut? */
import { parseConnection } from '../../config/connection.ts';
import { loadKnowngoodConfig } from '../../config/load.ts';
import type { CheckSpec, SqlCheck, TcpCheck } from '../../domain/check.ts';
import type { KnowngoodConfig } from '../../domain/config.ts';
import { type CheckProof, type CheckToProve, elsewhereUnproven, proofOf } from '../../domain/proof.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { withClient } from '../context.ts';
import { exitCodeOfProblems, exitCodes } from '../exit-codes.ts';
import { nameOption } from '../options.ts';
import { renderProofs } from '../render/proofs.ts';
import { renderTried } from '../render/tried.ts';
import { jsonVersion } from '../render/result.ts';
import { awaitWorker } from '../start-change.ts';
import { must, stop } from '../stop.ts';

export const addChecks: AddCommand = (program, surroundings) => {
  const checks = program.command('checks').description("whether the dependents' checks can be relied on");
  addTry(checks, surroundings);
  addProve(checks, surroundings);
};

const addTry: AddCommand = (checks, { io, exit }) => {
  checks
    .command('try')
    .description('measure each check once, from where it is measured in a change, and show what it saw')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .argument('[check]', '<dependent>/<check> (default: all of them)')
    .action(async (target: string, check: string | undefined, _: unknown, self) => {
      const options = optionsOf(self);
      await withClient(io, options, async (context) => {
        await awaitWorker(context);
        const { checks: tried } = must(await context.client.tryChecks(target, check ?? null));
        const isRed = tried.some(({ level, sample }) => level === 'required' && sample?.mark !== 'pass');
        const exitCode = isRed ? exitCodes.refused : exitCodes.kept;
        io.out(
          options.json
            ? JSON.stringify({ version: jsonVersion, target, exitCode, checks: tried }, null, 2)
            : renderTried(tried, io.colors),
        );
        exit(exitCode);
      });
    });
};

const addProve: AddCommand = (checks, { io, exit }) => {
  checks
    .command('prove')
    .description('cut the access of each dependent on a scratch server, and see whether its checks go red')
    .argument('<target>', 'the PostgreSQL server', nameOption)
    .action(async (target: string, _: unknown, self) => {
      const options = optionsOf(self);
      const config = await loadKnowngoodConfig(options.config);
      const { ask, cannot } = split(config, target);
      await withClient(io, options, async (context) => {
        await awaitWorker(context);
        const answer = must(await context.client.proveChecks(target, ask), (problems) =>
          exitCodeOfProblems(problems, exitCodes.refused),
        );
        if (answer.kind === 'off')
          throw stop({
            code: 'rehearsal-off',
            message: `the agent of ${target} makes no scratch servers`,
            hint: 'Set rehearsal.enabled to true in its agent.yaml.',
          });
        const proofs = [...answer.proofs, ...cannot];
        const bad = proofs.some(({ level, result }) => level === 'required' && result === 'insensitive');
        const exitCode = bad ? exitCodes.refused : exitCodes.kept;
        const { findings, tookMs } = answer;
        io.out(
          options.json
            ? JSON.stringify({ version: jsonVersion, target, exitCode, proofs, findings, tookMs }, null, 2)
            : renderProofs(proofs, findings, io.colors),
        );
        exit(exitCode);
      });
    });
};

/** Those that a scratch server can be asked about, and why the others cannot. */
function split(
  { targets, dependents }: KnowngoodConfig,
  target: string,
): { readonly ask: readonly CheckToProve[]; readonly cannot: readonly CheckProof[] } {
  const known = targets[target];
  if (known === undefined)
    throw stop({
      code: 'unknown-target',
      message: `knowngood.yaml has no target "${target}"`,
      hint: `It has: ${Object.keys(targets).sort().join(', ')}.`,
    });
  const { host, port } = parseConnection(known.connection);
  const ask: CheckToProve[] = [];
  const cannot: CheckProof[] = [];
  for (const { access, checks } of dependents.filter(({ uses }) => uses === target))
    for (const check of checks) {
      const why = whyNot(check, host, port);
      if (why !== null) cannot.push(proofOf(check, 'unproven', why));
      else if (check.kind === 'sql' || check.kind === 'tcp') ask.push({ check, cut: cutOf(check, access) });
    }
  return { ask, cannot };
}

function whyNot(check: CheckSpec, host: string, port: number): string | null {
  if (check.kind === 'sql') return null;
  if (check.kind !== 'tcp') return elsewhereUnproven;
  if (check.port === port && check.host === host) return null;
  return `${check.host}:${check.port} is not the database: a scratch server cannot stand for it`;
}

/** What the dependent is declared to come as; a check that comes as somebody else would not notice. */
function cutOf(check: SqlCheck | TcpCheck, access: readonly { readonly user: string }[]): readonly string[] {
  const declared = [...new Set(access.map(({ user }) => user))];
  return declared.length > 0 || check.kind === 'tcp' ? declared : [check.user];
}
