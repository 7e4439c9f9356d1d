/** Runs one command and turns whatever ends it into problems on stderr (or JSON on stdout) and an exit code. */
import { CommanderError } from 'commander';
import { ProblemsError } from '../config/problems-error.ts';
import type { Problem } from '../domain/problem.ts';
import { exitCodes } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Io } from './io.ts';
import { createProgram } from './program.ts';
import { renderProblems } from './render/problem.ts';
import { jsonVersion } from './render/result.ts';
import { Stop } from './stop.ts';

/** `args` without node and script. */
export async function runCli(args: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.kept;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has spoken already: help and version end well, everything else is usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.kept : exitCodes.error;
    const { problems, exitCode: code } = endOf(error);
    if (wantsJson(args)) io.out(JSON.stringify({ version: jsonVersion, exitCode: code, problems }));
    if (problems.length > 0) io.err(renderProblems(problems, io.colors));
    if (io.env.KNOWNGOOD_DEBUG && error instanceof Error && error.stack) io.err(error.stack);
    return code;
  }
}

function endOf(error: unknown): { problems: readonly Problem[]; exitCode: ExitCode } {
  if (error instanceof Stop) return error;
  if (error instanceof ProblemsError) return { problems: error.problems, exitCode: exitCodes.error };
  return { problems: [asProblem(error)], exitCode: exitCodes.error };
}

/** Errors of the other rooms carry code, message, detail and hint themselves. */
function asProblem(error: unknown): Problem {
  if (!(error instanceof Error)) return { code: 'internal-error', message: String(error) };
  const { detail, hint, code, problem } = error as Error & Partial<Problem> & { readonly problem?: Problem };
  if (problem !== undefined) return problem;
  return {
    code: code ?? 'internal-error',
    message: error.message || error.name,
    ...(typeof detail === 'string' ? { detail } : {}),
    ...(typeof hint === 'string' ? { hint } : { hint: 'KNOWNGOOD_DEBUG=1 shows where it happened.' }),
  };
}

/** Also when the arguments could not be read to their end; what follows `--` is the wrapped command's own. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}
