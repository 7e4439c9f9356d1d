/** Reads one YAML file into plain data, and tells where in the file each path stands. No aliases, no tags, no surprises. */
import { LineCounter, isMap, isNode, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import type { Problem } from '../domain/problem.ts';
import type { Issue, Path } from '../domain/issues.schema.ts';

/** Far more than any real file of ours; keeps a wrong path (a log, a dump) from being parsed for minutes. */
export const sizeLimitBytes = 256 * 1024;

export interface YamlFile {
  readonly value: unknown;
  /** Puts `file:line:column` in front of the issue's message. */
  place(issue: Issue): Problem;
}

export type ReadYaml =
  | { readonly kind: 'read'; readonly file: YamlFile }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

export function readYaml(text: string, name: string): ReadYaml {
  const refuse = (message: string, hint?: string): ReadYaml => ({
    kind: 'invalid',
    problems: [{ code: 'invalid-yaml', message, ...(hint === undefined ? {} : { hint }) }],
  });
  if (Buffer.byteLength(text) > sizeLimitBytes) return refuse(`${name}: is larger than ${sizeLimitBytes / 1024} KiB`);
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      schema: 'core',
      strict: true,
      stringKeys: true,
    });
    // The parser reports its own exhausted stack as an error in the text, once a level.
    if (document.errors.some(({ message }) => message.includes('call stack')))
      return refuse(`${name}: is nested too deeply`);
    const problems = [...syntaxProblems(document), ...refusedNodes(document)].map(({ offset, message, hint }) => ({
      code: 'invalid-yaml',
      message: `${at(name, lines, offset)}: ${message}`,
      ...(hint === undefined ? {} : { hint }),
    }));
    if (problems.length > 0) return { kind: 'invalid', problems };
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    const place = ({ path, at: side, problem }: Issue): Problem => ({
      ...problem,
      message: `${at(name, lines, offsetOf(document, path, side))}: ${problem.message}`,
    });
    return { kind: 'read', file: { value, place } };
  } catch (error) {
    if (error instanceof RangeError) return refuse(`${name}: is nested too deeply`);
    throw error;
  }
}

interface Finding {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

function syntaxProblems(document: Document): Finding[] {
  return [...document.errors, ...document.warnings].slice(0, 10).map((error) => ({
    offset: error.pos[0],
    message:
      error.code === 'DUPLICATE_KEY' ? 'the same key stands here twice' : `not valid YAML: ${firstLine(error.message)}`,
  }));
}

function refusedNodes(document: Document): Finding[] {
  const found: Finding[] = [];
  visit(document, {
    Alias: (_, alias) => {
      const hint = 'Write the value out; what many targets share belongs under "defaults" or "policies".';
      found.push({ offset: alias.range?.[0] ?? 0, message: 'YAML aliases are not supported', hint });
    },
    Pair: (_, pair) => {
      if (keyOf(pair) === '__proto__')
        found.push({ offset: startOf(pair.key) ?? 0, message: '"__proto__" is not a valid key' });
    },
  });
  return found;
}

/** As near to the path as the file has it: a missing key is reported where its mapping begins. */
function offsetOf(document: Document, path: Path, side: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [i, part] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => keyOf(item) === String(part));
      if (pair === undefined) return offset;
      const last = i === path.length - 1;
      const scalarValue = isScalar(pair.value) && pair.value.value !== null;
      offset = (last && side === 'value' && scalarValue ? startOf(pair.value) : startOf(pair.key)) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function keyOf(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

function at(name: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
