/** From rollout.yaml to a request: the files that its change names are read from disk, relative to it. */
import { parseRolloutRequest } from '../domain/rollout-request.schema.ts';
import type { RolloutRequest } from '../domain/rollout/rollout.ts';
import { changeOf, readFiles } from './change-file.ts';
import { readText } from './load.ts';
import { parseYaml } from './parse.ts';
import { ProblemsError } from './problems-error.ts';
import { rolloutFileShape } from './rollout-file.schema.ts';

/** Throws `ProblemsError` with everything that is wrong, before anything is sent. `rolloutId` is for a file that names none. */
export async function loadRolloutFile(
  path: string,
  options: { readonly rolloutId: string; readonly requestedBy?: string },
): Promise<RolloutRequest> {
  const parsed = parseYaml(await readText(path), path, rolloutFileShape);
  if (parsed.kind === 'invalid') throw new ProblemsError(parsed.problems);
  const { rollout, change, restart, ...rest } = parsed.value;
  const files = await readFiles(change.files ?? {}, path);
  const request = parseRolloutRequest({
    ...defined(rest),
    rolloutId: rollout ?? options.rolloutId,
    ...(options.requestedBy === undefined ? {} : { requestedBy: options.requestedBy }),
    change: changeOf({ change, restart }, files),
  });
  if (request.kind === 'invalid') throw new ProblemsError(request.problems);
  return request.value;
}

function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
