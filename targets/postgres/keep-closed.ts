/** What a revert writes and does without letting anybody in again who is on the list: gathers both sides for the pure rules. */
import type { AccessState } from '../../domain/access/login.ts';
import { type NeverReopen, closesNothing } from '../../domain/never-reopen.ts';
import type { Problem } from '../../domain/problem.ts';
import { closeRoles } from '../../domain/revert/closed-roles.ts';
import { type Texts, keepClosed, withoutClosing } from '../../domain/revert/keep-closed.ts';
import { type FileDecision, sameState } from '../../domain/revert/plan.ts';
import type { ConfigFile, FileSet } from '../../domain/snapshot/files.ts';
import { isAccessFile } from '../../domain/snapshot/files.ts';
import type { Captured } from '../target.ts';
import { stateOf } from './access.ts';

export interface Closing {
  readonly before: Captured;
  readonly change: Captured | null;
  /** As they are on disk. */
  readonly live: FileSet;
  readonly list: NeverReopen;
  /** Known again by whoever reverts the same change. */
  readonly id: string;
}

/** Files as they would be without what an earlier attempt of this revert has put into them. */
export function withoutMarks(files: FileSet, id: string): FileSet {
  return new Map(
    [...files].map(([path, file]) => [
      path,
      file.role === 'hba' ? { ...file, content: withoutClosing(file.content, id) } : file,
    ]),
  );
}

/** The decisions again, with whoever is on the list kept out; one problem for each. */
export function closeFiles(
  decisions: readonly FileDecision[],
  closing: Closing,
): { readonly decisions: readonly FileDecision[]; readonly held: readonly Problem[] } {
  const { before, change, live, list, id } = closing;
  if (closesNothing(list)) return { decisions, held: [] };
  const now = change ?? before;
  const wanted = new Map<string, ConfigFile>(live);
  for (const { path, role, want } of decisions) {
    if (want === null) wanted.delete(path);
    else wanted.set(path, { ...want, path, role });
  }
  const earlier = new Map(
    [...live].flatMap(([path, { content }]) => {
      const plain = wanted.get(path)?.content;
      return content !== plain && withoutClosing(content, id) === plain ? [[path, content] as const] : [];
    }),
  );
  const was = sectionsOf(before, change);
  const restored = (texts: Texts): AccessState => {
    const files = new Map(wanted);
    for (const [path, content] of texts) {
      const file = wanted.get(path) ?? live.get(path);
      if (file !== undefined) files.set(path, { ...file, content });
    }
    const { roles } = closeRoles(was.roles, null, sectionsOf(now, before).roles, list);
    return stateOf(before, { ...was, roles }, new Map(), files);
  };
  const closed = keepClosed({
    live: stateOf(now, sectionsOf(now, before), new Map(), live),
    restored,
    list,
    main: before.facts.paths.hba,
    read: (path) => wanted.get(path)?.content ?? null,
    id,
    earlier,
  });
  if (closed.kind === 'nothing') return { decisions, held: [] };
  // With the rules elsewhere, another file than the rules decides which are read.
  const moved = now.facts.paths.hba !== before.facts.paths.hba;
  const stays = ({ role }: FileDecision): boolean =>
    closed.kind === 'left' ? moved || isAccessFile(role) : closed.keepsMaps && role === 'ident';
  const texts = closed.kind === 'left' ? inFrontOf(now.facts.paths.hba, live, closed.inFront) : closed.texts;
  const made = decisions.map((decision): FileDecision => {
    const text = texts.get(decision.path);
    if (!stays(decision)) return text === undefined ? decision : write(decision, text);
    const left = leave(decision, live);
    return text === undefined || left.want === null ? left : { ...left, want: { ...left.want, content: text } };
  });
  // The change did not touch it, and what leads to it comes back.
  const others = [...texts].flatMap(([path, text]): readonly FileDecision[] => {
    const file = live.get(path);
    if (file === undefined || decisions.some((decision) => decision.path === path)) return [];
    return [write({ path, role: file.role, decision: 'nothing', want: file, keep: null }, text)];
  });
  const problem = closed.kind === 'left' ? [left(closed.problems)] : closed.problems;
  return { decisions: [...made, ...others], held: problem };
}

type Known = Parameters<typeof stateOf>[1];

/** Rules alone tell when neither side was taken with SQL, as on a new server that could not be asked yet. */
function sectionsOf({ snapshot, facts }: Captured, other: Captured | null): Known {
  const listens = { name: 'listen_addresses', value: '*' };
  const nothing = { settings: [listens], roles: [], memberships: [], databases: [] };
  return snapshot?.sections ?? other?.snapshot?.sections ?? { ...nothing, server: { versionNum: facts.versionNum } };
}

function inFrontOf(path: string, live: FileSet, text: string): ReadonlyMap<string, string> {
  const { content } = live.get(path) ?? { content: '' };
  return new Map(text === '' || content.startsWith(text) ? [] : [[path, `${text}${content}`]]);
}

function leave(decision: FileDecision, live: FileSet): FileDecision {
  const want = live.get(decision.path) ?? null;
  if (sameState(want, decision.want)) return decision;
  return {
    ...decision,
    decision: 'held',
    want,
    keep: null,
    note: 'it would let in again who must stay out: left as it is',
  };
}

function write(decision: FileDecision, content: string): FileDecision {
  const { want } = decision;
  if (want === null) return decision;
  const note = 'with rules that keep out who must not get in again';
  return { ...decision, decision: 'held', want: { ...want, content }, otherwise: want, note };
}

function left(problems: readonly Problem[]): Problem {
  const messages = problems.map(({ message }) => message).join('; ');
  return {
    code: 'held-back',
    message: `the rules stay as they are: ${messages}`,
    detail: 'No rules were found that keep out those alone.',
  };
}
