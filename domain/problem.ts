/** An expected "no", in PostgreSQL's form: primary line, detail, hint. Functions return all problems at once. */
export interface Problem {
  /** Stable kebab-case word for machines, for example `unknown-setting`. */
  readonly code: string;
  /** Primary line: lower case, names the thing, no full stop. */
  readonly message: string;
  readonly detail?: string;
  /** A whole sentence: what the reader can do. */
  readonly hint?: string;
}

/** One line for a dialog, a timeline or a log. */
export function inWords({ message, detail = '', hint = '' }: Problem): string {
  return [message, detail, hint]
    .filter((part) => part !== '')
    .map((part, i, { length }) => (i < length - 1 ? part.replace(/\.$/, '') : part))
    .join('. ');
}

const mostProblems = 30;
const longestWords = 500;

/** Made small enough for a workflow's history: who sends thousands of mistakes is told of the first ones. */
export function fitForHistory(problems: readonly Problem[]): readonly Problem[] {
  const shown = problems.slice(0, mostProblems).map(({ code, message, detail, hint }) => ({
    code,
    message: cut(message),
    ...(detail === undefined ? {} : { detail: cut(detail) }),
    ...(hint === undefined ? {} : { hint: cut(hint) }),
  }));
  const left = problems.length - shown.length;
  return left === 0 ? shown : [...shown, { code: 'more-problems', message: `and ${left} more problems` }];
}

function cut(words: string): string {
  return words.length <= longestWords ? words : `${words.slice(0, longestWords - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
