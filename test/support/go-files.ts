/** What of Go is in a folder: programs, known by what the linker writes into each of them, and sources of modules. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';

export interface GoFiles {
  /** Paths below the folder. */
  readonly programs: readonly string[];
  /** Those of `go.mod`, `go.sum` and `*.go`. */
  readonly sources: readonly string[];
}

/** Where `go version -m` finds the modules of a program, stripped or not. */
const buildInfo = Buffer.from('\xff Go buildinf:', 'latin1');
/** The first bytes of programs and libraries of Linux, Windows and macOS. */
const programs = [/^7f454c46/, /^4d5a/, /^(cf|ce)faedfe/, /^cafebabe/];

export function goFilesIn(folder: string): GoFiles {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const below = (paths: readonly string[]): string[] => paths.map((path) => path.slice(folder.length + 1)).sort();
  return {
    programs: below(files.filter((path) => isProgram(path) && readFileSync(path).includes(buildInfo))),
    sources: below(files.filter((path) => /(\.go|\/go\.(mod|sum))$/.test(path))),
  };
}

function isProgram(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(4);
    readSync(file, head, 0, head.length, 0);
    return programs.some((magic) => magic.test(head.toString('hex')));
  } finally {
    closeSync(file);
  }
}

/** Lists of modules with their sums, from which `knowngood up` builds Temporal where there is none; nothing of the modules. */
export const listsOfModules = ['temporal', 'ui'].flatMap((module) =>
  ['go.mod', 'go.sum'].map((name) => `worker/stack/go/${module}/${name}`),
);

/** Of the npm package of Temporal's core, which nobody builds here; under the licence of that package. */
export const comesWithTemporal = /\/node_modules\/@temporalio\/core-bridge\/sdk-core\//;
