/** Looking ahead: the whole configuration as it would be read after a change, and what in it forbids the change. */
import { type Assignment, type ConfTree, effectiveAssignments, walkConf } from '../conf/conf-tree.ts';
import { identFileProblems } from '../hba/ident.ts';
import { hbaFileProblems } from '../hba/lines.ts';
import { walkHba } from '../hba/tree.ts';
import { type Overlay, type PlanContext, viewOf } from './context.ts';
import { notAllowed, secretLiteral, unknownSetting } from './settings.ts';
import type { Problem } from '../problem.ts';
import { holdsLiteralSecret } from '../secrets.ts';
import { holdsSecret } from '../conf/settings.ts';
import { normaliseValue } from '../conf/setting-value.ts';
import type { FileRole } from '../snapshot.ts';

export interface Ahead {
  readonly now: ConfTree;
  readonly then: ConfTree;
  /** What would be read then, by role. */
  readonly roles: ReadonlyMap<string, FileRole>;
  readonly problems: readonly Problem[];
}

/** `judged`: a file whose assignments are judged already, as settings of the change. */
export function lookAhead(context: PlanContext, overlay: Overlay, judged: string | null): Ahead {
  const { paths, versionNum } = context;
  const [before, after] = [viewOf(context, new Map()), viewOf(context, overlay)];
  const [now, then] = [walkConf(paths.config, paths.auto, before), walkConf(paths.config, paths.auto, after)];
  const roles = new Map<string, FileRole>(then.files.map((path) => [path, confRole(context, path)]));
  const access = (['hba', 'ident'] as const).map((role) => ({
    now: walkHba(paths[role], role, before, versionNum),
    then: walkHba(paths[role], role, after, versionNum),
  }));
  for (const tree of access) for (const [path, role] of tree.then.files) roles.set(path, role);

  const known = new Set(now.errors.map(({ file, line, error }) => `${file}:${line}:${error}`));
  const problems: Problem[] = then.errors
    .filter(({ file, line, error }) => overlay.has(file) || !known.has(`${file}:${line}:${error}`))
    .map(({ file, line, error }) => ({
      code: 'would-not-start',
      message: `${file} line ${line}: ${error}`,
      detail: 'The server would refuse the whole configuration.',
    }));
  for (const tree of access)
    for (const error of tree.then.errors.filter((text) => !tree.now.errors.includes(text)))
      problems.push({ code: 'would-not-start', message: error });
  for (const [path, role] of roles)
    if (role === 'hba' && overlay.has(path) && path === paths.hba)
      problems.push(...hbaFileProblems(path, overlay.get(path) ?? '', versionNum));
    else if (role === 'ident' && overlay.has(path))
      problems.push(...identFileProblems(path, overlay.get(path) ?? '', versionNum));

  const reached = (trees: readonly { files: Iterable<string>; folders: readonly string[] }[]): string[] =>
    trees.flatMap(({ files, folders }) => [...files, ...folders]);
  const hadBefore = new Set(
    reached([now, ...access.map((tree) => ({ files: tree.now.files.keys(), folders: tree.now.folders }))]),
  );
  for (const path of new Set(
    reached([then, ...access.map((tree) => ({ files: tree.then.files.keys(), folders: tree.then.folders }))]),
  ))
    if (!hadBefore.has(path) && !context.resolve(path).inside)
      problems.push({
        code: 'path-outside',
        message: `the change would make PostgreSQL read ${path}`,
        detail: 'It is outside of the configuration folder.',
        hint: "Name a file in the configuration folder, or let the agent's allow.paths name its folder.",
      });
  problems.push(...assignmentProblems(context, now, then, judged), ...accessSecrets(context, overlay, roles));
  return { now, then, roles, problems };
}

/** The last one of a name wins. */
export function valuesOf(tree: ConfTree): ReadonlyMap<string, string> {
  return new Map([...effectiveAssignments(tree)].map(([name, { value }]) => [name, value]));
}

function confRole(context: PlanContext, path: string): FileRole {
  return path === context.paths.config ? 'main' : path === context.paths.auto ? 'auto' : 'include';
}

/** Assignments that the change brings, wherever they stand: an overridden one may win tomorrow. */
function assignmentProblems(
  context: PlanContext,
  now: ConfTree,
  then: ConfTree,
  judged: string | null,
): readonly Problem[] {
  const problems: Problem[] = [];
  const said = (assignment: Assignment): string => `${assignment.name.toLowerCase()}=${assignment.value}`;
  const had = new Set(now.assignments.map(said));
  for (const assignment of then.assignments.filter(
    (candidate) => !had.has(said(candidate)) && candidate.file !== judged,
  )) {
    const where = ` (${assignment.file} line ${assignment.line})`;
    const known = context.settings.get(assignment.name.toLowerCase());
    const refusal = notAllowed(context, assignment.name, where);
    if (refusal !== null) problems.push(refusal);
    if (assignment.value !== '' && (holdsSecret(assignment.name) || holdsLiteralSecret(assignment.value)))
      problems.push(secretLiteral(`setting "${assignment.name}"${where}`));
    if (known === undefined && !assignment.name.includes('.'))
      problems.push(unknownSetting(context, assignment.name, where));
    const value = known === undefined ? null : normaliseValue(known, assignment.value);
    if (value?.ok === false)
      problems.push({
        code: 'bad-value',
        message: `invalid value for setting "${assignment.name}"${where}: ${assignment.value}`,
        detail: value.why,
      });
  }
  // A dangerous setting can also be changed by taking its line away, or by putting an older line last.
  const [was, is] = [effectiveAssignments(now), effectiveAssignments(then)];
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    if (was.get(name)?.value === is.get(name)?.value) continue;
    const refusal = notAllowed(context, name);
    if (
      refusal !== null &&
      !problems.some(({ code, message }) => code === refusal.code && message.startsWith(refusal.message))
    )
      problems.push(refusal);
  }
  return problems;
}

function accessSecrets(
  context: PlanContext,
  overlay: Overlay,
  roles: ReadonlyMap<string, FileRole>,
): readonly Problem[] {
  return [...overlay].flatMap(([path, content]) => {
    if (content === null || (roles.get(path) ?? 'hba') !== 'hba') return [];
    const had = new Set((context.before.get(path)?.content ?? '').split('\n'));
    return content.split('\n').some((line) => !had.has(line) && holdsLiteralSecret(line))
      ? [secretLiteral(`file "${path}"`)]
      : [];
  });
}
