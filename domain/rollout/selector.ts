/** Which targets a rollout means: label selectors in the form that Kubernetes has made known. */
import { suggestion } from '../nearest.ts';
import type { Problem } from '../problem.ts';
import type { RolloutRequest } from './rollout.ts';

export type Labels = Readonly<Record<string, string>>;
export type Selector = (labels: Labels) => boolean;

const name = '[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?';
const one = new RegExp(`^(${name})\\s*(=|==|!=)\\s*(${name})$`);
const several = new RegExp(`^(${name})\\s+(in|notin)\\s*\\(\\s*(${name}(\\s*,\\s*${name})*)\\s*\\)$`);
const there = new RegExp(`^(!?)\\s*(${name})$`);

export const labelPattern = new RegExp(`^${name}$`);

export const selectorForm =
  'Write terms with commas between them, all of which must hold: "tier=production", "tier!=test", "region in (eu, us)", "region notin (eu)", "canary", "!legacy".';

/** null: it is no selector. A target without the label is not equal to anything, as in Kubernetes. */
export function parseSelector(text: string): Selector | null {
  // Commas between brackets belong to their term.
  const terms = text.split(/,(?![^(]*\))/).map((term) => term.trim());
  const parsed = terms.map(parseTerm);
  return parsed.every((term) => term !== null) ? (labels) => parsed.every((holds) => holds(labels)) : null;
}

function parseTerm(term: string): Selector | null {
  const [, equalKey, , operator, value] = one.exec(term) ?? [];
  if (equalKey !== undefined) return (labels) => (valueOf(labels, equalKey) === value) === (operator !== '!=');
  const [, listKey, , word, values = ''] = several.exec(term) ?? [];
  if (listKey !== undefined) {
    const listed = values.split(',').map((each) => each.trim());
    return (labels) => listed.includes(valueOf(labels, listKey) ?? '') === (word === 'in');
  }
  const [, not, key] = there.exec(term) ?? [];
  return key === undefined ? null : (labels) => (valueOf(labels, key) !== undefined) === (not === '');
}

function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

export type Selected =
  | { readonly kind: 'selected'; readonly targets: readonly string[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** In the order of the configuration; those that are named, in the order of their names. Every "no" at once. */
export function selectTargets(
  known: readonly { readonly name: string; readonly labels: Labels }[],
  { labels, names, except = [] }: RolloutRequest['targets'],
): Selected {
  const all = known.map((target) => target.name);
  const isKnown = new Set(all);
  const problems: Problem[] = [...(names ?? []), ...except]
    .filter((each) => !isKnown.has(each))
    .map((each) => unknown(each, all));
  for (const twice of repeated(names ?? []))
    problems.push({ code: 'target-twice', message: `targets.names: target "${twice}" stands there twice` });
  const selector = labels === undefined ? () => true : parseSelector(labels);
  if (selector === null)
    problems.push({ code: 'invalid-value', message: 'targets.labels: is not a selector', hint: selectorForm });
  if (labels === undefined && names === undefined)
    problems.push({
      code: 'missing-key',
      message: 'targets: neither "labels" nor "names" says which are meant',
      hint: 'Name them, or give a selector.',
    });
  if (problems.length > 0 || selector === null) return { kind: 'refused', problems };
  const labelled = new Set(known.filter((target) => selector(target.labels)).map((target) => target.name));
  const targets = (names ?? all).filter((each) => labelled.has(each) && !except.includes(each));
  if (targets.length > 0) return { kind: 'selected', targets };
  const message = 'no target is selected';
  const hint = `knowngood.yaml has ${all.length}; labels stand at each: "labels: { tier: production }".`;
  return { kind: 'refused', problems: [{ code: 'no-target', message, hint }] };
}

function unknown(target: string, all: readonly string[]): Problem {
  const hint = suggestion(target, all);
  const message = `targets: unknown target "${target}"`;
  return { code: 'unknown-target', message, ...(hint === undefined ? {} : { hint }) };
}

function repeated(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((each, at) => names.indexOf(each) !== at))];
}
