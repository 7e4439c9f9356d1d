/** `--only`: which items a part of a restore means. Keys are those of diffs, plans and reverts. */

export type Only = (key: string) => boolean;

/** `*` stands for any text; without patterns everything is meant. */
export function onlyOf(patterns: readonly string[] | undefined): Only {
  if (patterns === undefined) return () => true;
  const expressions = patterns.map(expressionOf);
  return (key) => expressions.some((expression) => expression.test(key));
}

/** Patterns that mean none of the items there are. */
export function meaningless(patterns: readonly string[] | undefined, keys: Iterable<string>): readonly string[] {
  const all = [...keys];
  return (patterns ?? []).filter((pattern) => !all.some((key) => expressionOf(pattern).test(key)));
}

function expressionOf(pattern: string): RegExp {
  const escaped = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${escaped.join('[^]*')}$`);
}
