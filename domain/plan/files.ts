/** The `files` and `hba` parts of a change: which files will be written, and every reason to refuse them by path. */
import type { ConfigChange } from '../change.ts';
import { dirname, isServersOwn } from '../conf/paths.ts';
import { contentOf, textOf } from '../snapshot/files.ts';
import { editHba } from '../hba/lines.ts';
import type { PlanContext, ResolvedPath } from './context.ts';
import { secretLiteral } from './settings.ts';
import type { Problem } from '../problem.ts';
import { holdsLiteralSecret } from '../secrets.ts';

export interface FilesPlanned {
  /** Path → content, null to remove. */
  readonly overlay: ReadonlyMap<string, string | null>;
  /** Files of which nobody knows yet whether PostgreSQL reads them. */
  readonly unread: readonly ResolvedPath[];
  readonly hbaSummaries: readonly string[];
  readonly problems: readonly Problem[];
}

export function planFiles(context: PlanContext, change: ConfigChange): FilesPlanned {
  const overlay = new Map<string, string | null>();
  const unread: ResolvedPath[] = [];
  const problems: Problem[] = [];
  for (const [given, text] of Object.entries(change.files ?? {})) {
    const resolved = context.resolve(given);
    const problem = overlay.has(resolved.path)
      ? givenTwice(given, resolved)
      : pathProblem(context, given, resolved, text, change);
    if (problem !== null) problems.push(problem);
    else {
      overlay.set(resolved.path, text === null ? null : contentOf(text));
      if (!context.before.has(resolved.path) && !resolved.allowed) unread.push(resolved);
    }
  }
  let hbaSummaries: readonly string[] = [];
  const edits = change.hba ?? [];
  if (edits.some((edit) => Object.values(edit).some((rule) => holdsLiteralSecret(String(rule)))))
    problems.push(secretLiteral('an edit of pg_hba.conf'));
  else if (edits.length > 0) {
    const { hba } = context.paths;
    const content = overlay.get(hba) ?? context.before.get(hba)?.content ?? '';
    const edited = editHba(content, edits.map(asBytes), context.versionNum);
    problems.push(...edited.problems);
    hbaSummaries = edited.summaries.map((summary) => textOf(summary) ?? summary);
    if (edited.problems.length === 0) overlay.set(hba, edited.content);
  }
  return { overlay, unread, hbaSummaries, problems };
}

/** Under two names, or by a link and what it leads to: which of the two should win, nobody said. */
function givenTwice(given: string, { path }: ResolvedPath): Problem {
  return {
    code: 'file-twice',
    message: `file "${given}" is given twice`,
    detail: `Another one resolves to ${path} too.`,
  };
}

function pathProblem(
  context: PlanContext,
  given: string,
  resolved: ResolvedPath,
  text: string | null,
  change: ConfigChange,
): Problem | null {
  const { before, paths } = context;
  const { path } = resolved;
  const known = before.get(path);
  // A certificate may lie anywhere on the host, and belong to others as well.
  if (!resolved.inside && (known === undefined || known.role === 'tls'))
    return {
      code: 'path-outside',
      message: `file "${given}" is outside of the configuration folder`,
      detail: `It resolves to ${path}.`,
      hint: "Name a file in the configuration folder, or let the agent's allow.paths name its folder.",
    };
  if (!resolved.parentExists)
    return {
      code: 'no-such-folder',
      message: `file "${given}" has no folder to stand in`,
      hint: 'Make the folder on the host first.',
    };
  if (known?.role === 'debian' && !resolved.allowed)
    return {
      code: 'path-not-allowed',
      message: `file "${given}" may not be changed from afar`,
      detail: 'It decides how the server is started, and with which environment.',
    };
  if (known?.role === 'secret')
    return {
      code: 'path-not-allowed',
      message: `file "${given}" may not be changed from afar`,
      detail: 'It is a private key or keytab, and secrets never travel in a change.',
      hint: "Let a command of the agent's agent.yaml replace it.",
    };
  if (isServersOwn(dirname(paths.auto), path))
    return {
      code: 'path-not-configuration',
      message: `file "${given}" belongs to the server's data`,
      detail: 'It is no configuration, whatever includes it.',
    };
  if (path === paths.auto && Object.keys(change.settings ?? {}).length > 0)
    return {
      code: 'both-ways',
      message: `file "${given}" is what ALTER SYSTEM writes`,
      hint: 'Give either settings or this file, not both.',
    };
  if (text !== null && known === undefined && resolved.exists && !resolved.allowed)
    return {
      code: 'path-not-configuration',
      message: `file "${given}" exists and is no configuration file of this server`,
      hint: 'Only files that PostgreSQL reads as configuration can be replaced.',
    };
  if (text !== null && text.includes('\0'))
    return { code: 'bad-content', message: `file "${given}" would hold a zero byte` };
  if (text !== null) return null;
  if (known === undefined)
    return {
      code: 'no-such-file',
      message: `file "${given}" cannot be removed`,
      detail: 'It is not there, or PostgreSQL does not read it.',
    };
  if (path === paths.config || path === paths.hba || path === paths.ident || path === paths.auto)
    return { code: 'would-not-start', message: `file "${given}" cannot be removed`, detail: 'The server needs it.' };
  return null;
}

function asBytes<T extends object>(edit: T): T {
  return Object.fromEntries(Object.entries(edit).map(([key, value]) => [key, contentOf(String(value))])) as T;
}
