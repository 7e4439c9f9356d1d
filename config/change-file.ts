/** From change.yaml to a change request: the files it names are read from disk, relative to it. */
import { dirname, resolve } from 'node:path';
import type { ChangeRequest } from '../domain/change.ts';
import type { Issue } from '../domain/issues.schema.ts';
import { showPath } from '../domain/issues.schema.ts';
import { parseChangeRequest } from '../domain/request.schema.ts';
import { changeFileShape } from './change-file.schema.ts';
import type { ChangeFileInput } from './change-file.schema.ts';
import { readText } from './load.ts';
import { parseYaml } from './parse.ts';
import { ProblemsError } from './problems-error.ts';

export interface ChangeFileOptions {
  /** Used when the file names none. */
  readonly changeId: string;
  readonly requestedBy?: string;
}

/** Throws `ProblemsError` with everything that is wrong, before anything is sent. */
export async function loadChangeFile(path: string, options: ChangeFileOptions): Promise<ChangeRequest> {
  const parsed = parseYaml(await readText(path), path, changeFileShape);
  if (parsed.kind === 'invalid') throw new ProblemsError(parsed.problems);
  const input = parsed.value;
  const files = await readFiles(input.change.files ?? {}, path);
  const request = parseChangeRequest({
    target: input.target,
    changeId: input.changeId ?? options.changeId,
    ...(input.reason === undefined ? {} : { reason: input.reason }),
    ...(options.requestedBy === undefined ? {} : { requestedBy: options.requestedBy }),
    change: changeOf(input, files),
    ...(input.overrides === undefined ? {} : { overrides: input.overrides }),
  });
  if (request.kind === 'invalid') throw new ProblemsError(request.problems);
  return request.value;
}

/** As a request has it. */
export function changeOf(
  input: Pick<ChangeFileInput, 'change' | 'restart'>,
  files: Record<string, string | null>,
): object {
  const { settings, hba, sql, restore } = input.change;
  return {
    kind: 'config',
    ...(settings === undefined ? {} : { settings }),
    ...(hba === undefined ? {} : { hba }),
    ...(Object.keys(files).length === 0 ? {} : { files }),
    ...(sql === undefined ? {} : { sql }),
    ...(restore === undefined ? {} : { restore }),
    ...(input.restart === undefined ? {} : { restart: input.restart }),
  };
}

/** `named`: path in the configuration → path on this disk, relative to the file at `yamlPath`. */
export async function readFiles(
  named: Readonly<Record<string, string | null>>,
  yamlPath: string,
): Promise<Record<string, string | null>> {
  const issues: Issue[] = [];
  const bodies: Record<string, string | null> = {};
  for (const [name, source] of Object.entries(named)) {
    try {
      bodies[name] = source === null ? null : await readText(resolve(dirname(yamlPath), source));
    } catch (error) {
      if (!(error instanceof ProblemsError)) throw error;
      const path = ['change', 'files', name];
      issues.push(
        ...error.problems.map((problem) => ({
          path,
          at: 'value' as const,
          problem: { ...problem, message: `${showPath(path)}: ${problem.message}` },
        })),
      );
    }
  }
  if (issues.length > 0)
    throw new ProblemsError(issues.map(({ problem }) => ({ ...problem, message: `${yamlPath}: ${problem.message}` })));
  return bodies;
}
