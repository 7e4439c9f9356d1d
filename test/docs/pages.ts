/** The pages of the documentation, and what stands in them. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import GithubSlugger from 'github-slugger';
import { type Token, type Tokens, lexer, walkTokens } from 'marked';
import { packageRoot } from '../../worker/stack/package-root.ts';

export interface Block {
  readonly language: string;
  readonly text: string;
}

export interface Page {
  /** From the root: `docs/operate.md`. */
  readonly path: string;
  readonly blocks: readonly Block[];
  /** Code within a line. */
  readonly spans: readonly string[];
  readonly links: readonly string[];
  /** Of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
}

export const readPage = (path: string): Page => pageOf(path, readFileSync(join(packageRoot, path), 'utf8'));

export function pages(): readonly Page[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(join(packageRoot, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name));
  return [
    ...inFolder('.'),
    ...inFolder('docs'),
    ...inFolder(join('docs', 'decisions')),
    join('deploy', 'helm', 'knowngood', 'README.md'),
  ].map(readPage);
}

function pageOf(path: string, text: string): Page {
  const tokens: Token[] = [];
  void walkTokens(lexer(text), (token) => void tokens.push(token));
  const of = <T extends Tokens.Generic>(type: T['type']): T[] => tokens.filter((one): one is T => one.type === type);
  const slugger = new GithubSlugger();
  return {
    path,
    blocks: of<Tokens.Code>('code').map(({ lang = '', text: code }) => ({ language: lang, text: code })),
    spans: of<Tokens.Codespan>('codespan').map(({ text: code }) => code),
    links: [...of<Tokens.Link>('link'), ...of<Tokens.Image>('image')].map(({ href }) => href),
    anchors: new Set(of<Tokens.Heading>('heading').map((heading) => slugger.slug(heading.text.replace(/[`*]/g, '')))),
  };
}

/** Whole command lines: after a `$` where the block shows answers, too; without what a comment adds. */
export function commandsOf({ language, text }: Block): readonly string[] {
  const whole = text.replaceAll(/\\\n\s*/g, '');
  const lines = whole.split('\n').filter((line) => (language === 'console' ? line.startsWith('$ ') : line !== ''));
  return lines.map((line) =>
    line
      .replace(/^\$ /, '')
      .replace(/\s+# .*$/, '')
      .trim(),
  );
}

/** What a block of language `console` shows below each of its commands. */
export function answerTo(command: string, { text }: Block): readonly string[] {
  const [, after = ''] = text.split(`$ ${command}`);
  const [answer = ''] = after.split('\n$ ');
  return answer.split('\n').filter((line) => line.trim() !== '');
}

export const isCommands = ({ language }: Block): boolean => language === 'console' || language === 'sh';
