/** Rules of pg_hba.conf as lines: the same or not, added, removed. Who matches a rule is not decided here. */
import { authMethods, connectionTypes } from '../access/rule.ts';
import type { HbaEdit } from '../change.ts';
import { type HbaLine, type HbaToken, fieldsOf, tokeniseHba } from './tokens.ts';
import type { Problem } from '../problem.ts';

export interface HbaEdited {
  readonly content: string;
  /** One line each, for people. */
  readonly summaries: readonly string[];
  readonly problems: readonly Problem[];
}

/** Applies edits one after the other; with problems, the content is of no use. */
export function editHba(content: string, edits: readonly HbaEdit[], versionNum: number): HbaEdited {
  const problems: Problem[] = [];
  const summaries: string[] = [];
  let current = content;
  for (const edit of edits) {
    const edited = 'add' in edit ? add(current, edit, versionNum) : remove(current, edit.remove, versionNum);
    if (edited.problem !== null) problems.push(edited.problem);
    else {
      current = edited.content;
      summaries.push('add' in edit ? `add ${spaced(edit.add)}` : `remove ${spaced(edit.remove)}`);
    }
  }
  return { content: current, summaries, problems };
}

type Edited =
  { readonly problem: Problem; readonly content?: never } | { readonly problem: null; readonly content: string };

function add(content: string, edit: Extract<HbaEdit, { add: string }>, versionNum: number): Edited {
  const wrong = ruleProblem(edit.add);
  if (wrong !== null) return { problem: wrong };
  const [newline, lines] = [content.includes('\r\n') ? '\r\n' : '\n', physicalLines(content)];
  if (edit.after !== undefined && edit.before !== undefined)
    return {
      problem: {
        code: 'hba-two-places',
        message: `rule "${spaced(edit.add)}" has both "after" and "before"`,
        hint: 'Name one place.',
      },
    };
  const anchor = edit.after ?? edit.before;
  let at = lines.length;
  if (anchor !== undefined) {
    const found = findRule(content, anchor, versionNum);
    if ('problem' in found) return { problem: found.problem };
    at = edit.after === undefined ? found.line.from - 1 : found.line.to;
  }
  const added = [edit.add.trim()];
  // A backslash at the end of what stands before would swallow the new rule.
  if (versionNum >= 140000 && (lines[at - 1] ?? '').replace(/\r$/, '').endsWith('\\')) added.unshift('');
  const ended = newline === '\r\n' ? added.map((line) => `${line}\r`) : added;
  return { problem: null, content: `${[...lines.slice(0, at), ...ended, ...lines.slice(at)].join('\n')}\n` };
}

function remove(content: string, rule: string, versionNum: number): Edited {
  const found = findRule(content, rule, versionNum);
  if ('problem' in found) return { problem: found.problem };
  const lines = physicalLines(content);
  const left = [...lines.slice(0, found.line.from - 1), ...lines.slice(found.line.to)];
  const ends = content.endsWith('\n') && left.length > 0;
  return { problem: null, content: left.join('\n') + (ends ? '\n' : '') };
}

function findRule(content: string, rule: string, versionNum: number): { line: HbaLine } | { problem: Problem } {
  const wanted = fieldsOf(rule);
  const found = tokeniseHba(content, versionNum).filter(
    (line) => line.fields.length > 0 && sameRule(line.fields, wanted),
  );
  const [line] = found;
  if (line !== undefined && found.length === 1) return { line };
  const shown = spaced(rule);
  if (line === undefined)
    return {
      problem: {
        code: 'hba-no-such-rule',
        message: `no rule "${shown}" in pg_hba.conf`,
        hint: 'Copy the rule from the file: the words and their order must be the same, spacing may differ.',
      },
    };
  return {
    problem: {
      code: 'hba-rule-not-unique',
      message: `rule "${shown}" stands in pg_hba.conf ${found.length} times`,
      detail: `Lines ${found.map(({ from }) => from).join(', ')}.`,
      hint: 'Remove the duplicates by giving the whole file.',
    },
  };
}

type Fields = readonly (readonly HbaToken[])[];

export function sameRule(a: Fields, b: Fields): boolean {
  const sameField = (one: readonly HbaToken[], other: readonly HbaToken[] | undefined): boolean =>
    one.length === other?.length &&
    one.every((token, i) => token.text === other[i]?.text && token.quoted === other[i]?.quoted);
  return a.length === b.length && a.every((field, i) => sameField(field, b[i]));
}

/** One rule on one line; comments and includes are not rules. */
function ruleProblem(text: string): Problem | null {
  const shown = spaced(text);
  const refuse = (code: string, message: string, hint: string): Problem => ({ code, message, hint });
  if (/[\r\n\0]/.test(text.trim()) || text.trim().endsWith('\\'))
    return refuse('hba-not-one-rule', `"${shown}" is not one line`, 'Add one rule per entry.');
  const fields = fieldsOf(text);
  if (fields.length === 0)
    return refuse(
      'hba-not-one-rule',
      `"${shown}" is not a rule`,
      'A rule has a type, database, user, address and method.',
    );
  return lineProblem(fields) === null
    ? null
    : refuse('hba-bad-rule', `"${shown}" is not a rule that loads`, lineProblem(fields) ?? '');
}

const includes = ['include', 'include_if_exists', 'include_dir'];

/** Why a line cannot load, as far as form tells; null: nothing seen. The server's own answer comes at apply time. */
export function lineProblem(fields: Fields): string | null {
  const words = fields.map((field) => field.map(({ text }) => text).join(','));
  const [type = ''] = words;
  if (!isOne(type, connectionTypes))
    return `It begins with "${type}"; a rule begins with one of: ${connectionTypes.join(', ')}.`;
  if (words.some((word) => word.startsWith('@'))) return null;
  if (words.length < (type === 'local' ? 4 : 5)) return `It has ${words.length} fields, fewer than its type needs.`;
  const candidates = type === 'local' ? [words[3]] : [words[4], words[5]];
  if (candidates.some((word) => word !== undefined && isOne(word, authMethods))) return null;
  return `Its method is none of: ${authMethods.join(', ')}.`;
}

const isOne = (word: string, words: readonly string[]): boolean => words.includes(word);

/** Why a whole file would not load; empty: nothing seen. */
export function hbaFileProblems(path: string, content: string, versionNum: number): readonly Problem[] {
  const lines = tokeniseHba(content, versionNum).filter(({ fields }) => fields.length > 0);
  const hint = 'The server would keep its old rules at a reload, and would not start again.';
  if (lines.length === 0) return [{ code: 'hba-empty', message: `${path} would hold no rule`, hint }];
  return lines.flatMap(({ from, fields }) => {
    const isInclude = versionNum >= 160000 && includes.includes(fields[0]?.[0]?.text ?? '');
    const why = isInclude ? null : lineProblem(fields);
    return why === null
      ? []
      : [{ code: 'hba-bad-rule', message: `${path} line ${from} is not a rule that loads`, detail: why, hint }];
  });
}

function physicalLines(content: string): string[] {
  const lines = content.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function spaced(rule: string): string {
  return rule.trim().replace(/\s+/g, ' ');
}
