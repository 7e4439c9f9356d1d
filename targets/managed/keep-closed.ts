/** The declared rules of a revert, without letting anybody in again who is on the list; by the rules for files. */
import { type Document, edited, isLines, pathText, valueAt } from '../../domain/managed/document.ts';
import type { Decision } from '../../domain/managed/three-way.ts';
import { pathsIn } from '../../domain/managed/views.ts';
import type { NeverReopen } from '../../domain/never-reopen.ts';
import type { Problem } from '../../domain/problem.ts';
import type { FileDecision } from '../../domain/revert/plan.ts';
import { type ConfigFile, contentOf, textOf } from '../../domain/snapshot/files.ts';
import { fileSetOf } from '../postgres/capture.ts';
import { closeFiles, withoutMarks } from '../postgres/keep-closed.ts';
import type { Captured } from '../target.ts';
import type { Owner } from './owner.ts';

export interface ClosingRules {
  readonly before: Captured;
  readonly change: Captured | null;
  /** As it is declared now. */
  readonly document: Document;
  readonly list: NeverReopen;
  /** Known again by whoever reverts the same change. */
  readonly id: string;
}

/** As it would be without what an earlier attempt of this revert has put into its rules. */
export function withoutRuleMarks({ places }: Owner, document: Document, id: string): Document {
  const file = places.hba === null ? null : rulesFile('', valueAt(document, places.hba));
  const plain = file === null ? undefined : withoutMarks(new Map([['', file]]), id).get('');
  if (places.hba === null || plain === undefined || plain.content === file?.content) return document;
  return edited(document, [{ path: places.hba, to: linesOf(plain.content) }]);
}

/** The decisions again, with whoever is on the list kept out; one problem for each. */
export function closeRules(
  { places }: Owner,
  decisions: readonly Decision[],
  { before, change, document, list, id }: ClosingRules,
): { readonly decisions: readonly Decision[]; readonly held: readonly Problem[] } {
  const { hba } = places;
  const made = decisions.find(({ path }) => hba !== null && pathText(path) === pathText(hba));
  const path = pathsIn(before.facts.dataDirectory).hba;
  const want = made === undefined ? null : rulesFile(path, made.to);
  if (hba === null || made === undefined || want === null) return { decisions, held: [] };
  const now = valueAt(document, hba);
  const live = new Map([...fileSetOf(change ?? before), [path, rulesFile(path, now) ?? { ...want, content: '' }]]);
  const asFile: FileDecision = { path, role: 'hba', decision: made.decision, want, keep: null };
  const closed = closeFiles([asFile], { before, change, live, list, id });
  const [after] = closed.decisions;
  const content = after?.want?.content ?? want.content;
  const to = content === want.content ? made.to : linesOf(content);
  const note = after?.note ?? made.note;
  const decision = after?.decision === 'held' ? 'held' : made.decision;
  const told: Decision = { path: made.path, from: now, to, decision, ...(note === undefined ? {} : { note }) };
  return { decisions: decisions.map((one) => (one === made ? told : one)), held: closed.held };
}

/** null: no rules are declared. */
function rulesFile(path: string, rules: ReturnType<typeof valueAt>): ConfigFile | null {
  if (!isLines(rules)) return null;
  const content = rules.map((rule) => `${contentOf(rule)}\n`).join('');
  return { path, role: 'hba', content, mode: 0, uid: -1, gid: -1 };
}

/** A content of bytes as the lines of a document. */
export function linesOf(content: string): readonly string[] {
  const text = (textOf(content) ?? content).replace(/\n+$/, '');
  return text === '' ? [] : text.split('\n');
}
