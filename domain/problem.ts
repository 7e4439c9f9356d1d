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
