/**
 * A policy's expression as the server says it once it has read its own words again. Its first words for `BETWEEN`, and for
 * `IN` over a column that is cast, are others than those it has for what they say: taken as they are, a policy that was made
 * anew from them would never be as before.
 */

type Item = string | Group;
interface Group {
  readonly open: '(' | '[';
  readonly items: readonly Item[];
}

export function settledExpression(text: string): string {
  return worthReading.test(text) ? written(settled(parsed(text))) : text;
}

/** Most expressions are said in one way only. */
const worthReading = /\(ARRAY\[|\(\(.* (?:AND|OR) /s;

/** Literals, names and words, whitespace, each other character on its own; `::` is one. */
const token = /[eE]?'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|[\w$]+|\s+|::|[^]/gsu;

function parsed(text: string): readonly Item[] {
  const stack: { open: Group['open'] | null; items: Item[] }[] = [{ open: null, items: [] }];
  for (const [word] of text.matchAll(token)) {
    const top = stack.at(-1);
    if (word === '(' || word === '[') stack.push({ open: word, items: [] });
    else if ((word === ')' || word === ']') && top?.open !== null && top !== undefined) {
      stack.pop();
      stack.at(-1)?.items.push({ open: top.open, items: top.items });
    } else top?.items.push(word);
  }
  return stack[0]?.items ?? [];
}

function written(items: readonly Item[]): string {
  return items
    .map((item) =>
      typeof item === 'string' ? item : `${item.open}${written(item.items)}${item.open === '(' ? ')' : ']'}`,
    )
    .join('');
}

function settled(items: readonly Item[]): readonly Item[] {
  return castInside(items.map((item) => (isGroup(item) ? flattened({ ...item, items: settled(item.items) }) : item)));
}

/** `(ARRAY[a, b])::text[]` is read as `ARRAY[(a)::text, (b)::text]`. */
function castInside(items: readonly Item[]): readonly Item[] {
  const at = items.findIndex((_, i) => arrayOf(items, i) !== null && typeOf(items, i + 1) !== null);
  const [array, type] = [arrayOf(items, at), typeOf(items, at + 1)];
  if (array === null || type === null) return items;
  const elements = split(array.items, ',').flatMap((element, i) => [
    ...(i === 0 ? [] : [',', ' ']),
    ...cast(element, type),
  ]);
  const rest = items.slice(at + 1 + type.length + emptyBrackets);
  return [...items.slice(0, at), 'ARRAY', { open: '[', items: elements }, ...castInside(rest)];
}

const emptyBrackets = 1;

function cast(element: readonly Item[], type: readonly Item[]): readonly Item[] {
  const [word, inner] = element;
  // An array in an array is cast element by element too.
  if (word === 'ARRAY' && isGroup(inner) && element.length === 2)
    return castInside([{ open: '(', items: element }, ...type, { open: '[', items: [] }]);
  return [{ open: '(', items: element }, ...type];
}

function arrayOf(items: readonly Item[], at: number): Group | null {
  const group = items[at];
  if (!isGroup(group) || group.open !== '(' || group.items.length !== 2) return null;
  const [word, array] = group.items;
  return word === 'ARRAY' && isGroup(array) && array.open === '[' ? array : null;
}

/** `::character varying(9)` before `[]`; null: it is no cast to an array. */
function typeOf(items: readonly Item[], at: number): readonly Item[] | null {
  if (items[at] !== '::') return null;
  const end = items.findIndex((item, i) => i > at && isGroup(item) && item.open === '[');
  const brackets = items[end];
  if (!isGroup(brackets) || brackets.items.length > 0) return null;
  const type = items.slice(at, end);
  const named = type.every((item, i) =>
    isGroup(item) ? /^[\d,]+$/.test(written(item.items)) : i === 0 || partOfType.test(item),
  );
  return named ? type : null;
}

const partOfType = /^(?:[\w$]+|\s+|\.|".*")$/s;

/** `((a AND b) AND c)` is read as `(a AND b AND c)`. */
function flattened(group: Group): Group {
  const word = connective(group);
  if (word === null) return group;
  const operands = split(group.items, word).flatMap((operand) => {
    const [only] = operand;
    return operand.length === 1 && isGroup(only) && connective(only) === word ? split(only.items, word) : [operand];
  });
  return { ...group, items: operands.flatMap((operand, i) => [...(i === 0 ? [] : [' ', word, ' ']), ...operand]) };
}

/** What joins all of its operands; null: nothing, or not one thing alone. */
function connective({ open, items }: Group): 'AND' | 'OR' | null {
  const [and, or] = [items.includes('AND'), items.includes('OR')];
  if (open !== '(' || and === or || items.includes(',') || items.includes('BETWEEN')) return null;
  return and ? 'AND' : 'OR';
}

function split(items: readonly Item[], word: string): readonly (readonly Item[])[] {
  const parts: Item[][] = [[]];
  for (const item of items) {
    if (item === word) parts.push([]);
    else parts.at(-1)?.push(item);
  }
  return parts.map((part) => part.slice(isBlank(part[0]) ? 1 : 0, isBlank(part.at(-1)) ? -1 : undefined));
}

function isBlank(item: Item | undefined): boolean {
  return typeof item === 'string' && item.trim() === '';
}

function isGroup(item: Item | undefined): item is Group {
  return typeof item === 'object';
}
