/**
 * Do the tests bite? `node test/mutate.mjs domain/lease.ts …` bends one thing at a time in a copy of the sources, runs
 * the tests of test/domain that reach the file, and names each mutant that they let live: a case that is missing, or
 * code that says the same either way. Node built-ins only; no part of `npm test`; exit code 1 with survivors.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import jestConfig from '../jest.config.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Matched in code without strings and comments. Spaces as Prettier sets them tell an operator from a type. */
const bends = [
  [/ === /g, () => ' !== '],
  [/ !== /g, () => ' === '],
  [/ < /g, () => ' <= '],
  [/ <= /g, () => ' < '],
  [/ > /g, () => ' >= '],
  [/ >= /g, () => ' > '],
  [/ \?\? /g, () => ' && '],
  [/ \|\| /g, () => ' && '],
  [/ && /g, () => ' || '],
  [/ (\+|-) /g, ([, sign]) => (sign === '+' ? ' - ' : ' + ')],
  [/\btrue\b/g, () => 'false'],
  [/\bfalse\b/g, () => 'true'],
  [/(?<![\w.'[])\d[\d_.]*\b/g, ([number]) => `(${number} + 1)`],
  [/(?<=[(\s])!(?=[\w(])/g, () => ''],
  [/\.every\(/g, () => '.some('],
  [/\.some\(/g, () => '.every('],
  [/\bMath\.(max|min)\(/g, ([, name]) => `Math.${name === 'max' ? 'min' : 'max'}(`],
];

/** Every mutant of a source: where it stands, what stood there, what stands there now. */
export function mutantsOf(source) {
  const code = codeOnly(source);
  const found = bends.flatMap(([pattern, bend]) =>
    [...code.matchAll(pattern)].map((match) => ({ at: match.index, was: match[0], is: bend(match) })),
  );
  // An early return, or an early step, that is never taken.
  for (const { index } of code.matchAll(/\bif \(/g)) {
    const [from, to] = [index + 4, closing(code, index + 3)];
    found.push({ at: from, was: source.slice(from, to), is: 'false' });
  }
  return found.sort((a, b) => a.at - b.at).filter(({ at }) => !isTypeLine(lineAt(code, at)));
}

/** The same text, with blanks for comments, strings, regular expressions and the words of templates. */
function codeOnly(source) {
  const skipped =
    /\/\*[^]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|(?<=[(=,:?[]\s*)\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\]|\\.)*\])+\/[a-z]*/g;
  const blank = (text) => text.replace(/[^\n]/g, ' ');
  return blankTemplates(source.replace(skipped, blank), blank);
}

/** Code in `${…}` stays. */
function blankTemplates(code, blank) {
  return code.replace(/`(?:[^`\\]|\\[^])*`/g, (template) =>
    template.replace(/(`|\})([^`]*?)(?=\$\{|`)/g, (words) => blank(words)),
  );
}

function closing(code, open) {
  let depth = 0;
  for (let at = open; at < code.length; at += 1) {
    if (code[at] === '(') depth += 1;
    if (code[at] === ')' && (depth -= 1) === 0) return at;
  }
  return code.length;
}

const lineAt = (text, at) => text.slice(text.lastIndexOf('\n', at - 1) + 1, (text.indexOf('\n', at) + 1 || 0) - 1);
const isTypeLine = (line) => /^\s*(\| |readonly |(export )?(type|interface) |import )/.test(line);

/** The tests of test/domain that reach the file, in the copy. Without global set-up: these need no server. */
function survives(copy, file) {
  const roots = ['<rootDir>/domain', '<rootDir>/test/domain'];
  const config = { ...jestConfig, globalSetup: null, globalTeardown: null, rootDir: copy, roots, testTimeout: 10_000 };
  const jest = ['--experimental-vm-modules', join(root, 'node_modules/jest/bin/jest.js')];
  const which = ['--config', JSON.stringify(config), '--findRelatedTests', join(copy, file)];
  const how = { cwd: copy, stdio: 'ignore', timeout: 60_000 };
  return spawnSync(process.execPath, [...jest, ...which, '--bail', '--runInBand', '--silent'], how).status === 0;
}

function main(files) {
  const copy = mkdtempSync(join(tmpdir(), 'knowngood-mutants-'));
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
  const skip = new Set(['node_modules', 'dist', '.git', 'demo-output'].map((name) => join(root, name)));
  cpSync(root, copy, { recursive: true, filter: (path) => !skip.has(path) });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const file of files) {
    if (!survives(copy, file)) throw new Error(`the tests of ${file} fail as they are, or there are none`);
    const source = readFileSync(join(copy, file), 'utf8');
    const mutants = mutantsOf(source);
    const alive = mutants.filter(({ at, was, is }) => {
      writeFileSync(join(copy, file), source.slice(0, at) + is + source.slice(at + was.length));
      return survives(copy, file);
    });
    writeFileSync(join(copy, file), source);
    for (const { at, was, is } of alive) {
      const line = source.slice(0, at).split('\n').length;
      console.log(`${file}:${line}: "${was.trim()}" → "${is.trim()}" survives: ${lineAt(source, at).trim()}`);
    }
    console.log(`${file}: ${mutants.length - alive.length} of ${mutants.length} mutants killed`);
    if (alive.length > 0) process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = process.argv.slice(2);
  if (files.length === 0) console.log('Usage: node test/mutate.mjs domain/<file>.ts …');
  else main(files);
}
