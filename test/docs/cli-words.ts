/** Whether a command line is one that the program knows: its commands and options, without running it. */
import type { Command } from 'commander';
import { processIo } from '../../cli/io.ts';
import { createProgram } from '../../cli/program.ts';

/** null: it is no command of ours. */
export function problemOfLine(line: string): string | null {
  const own = /(?:^|-- |npx )knowngood(?: |$)(.*)$/.exec(line)?.[1];
  if (own === undefined) return null;
  const [words = ''] = own.split(' -- ');
  const program = createProgram(processIo(), () => undefined);
  let command: Command = program;
  for (const word of words.split(/\s+/)) {
    const next = command.commands.find((one) => one.name() === word);
    // What a command that is there takes as its argument.
    if (next === undefined) break;
    command = next;
  }
  if (command === program && !/^(--|…|$)/.test(words)) return `no command ${words}`;
  const known = [...program.options, ...command.options].map(({ long }) => long);
  const wrong = [...words.matchAll(/(?<=^|\s)--[a-z-]+/g)]
    .map(([option]) => option)
    .find((one) => !known.includes(one));
  return wrong === undefined || wrong === '--help' ? null : `${command.name()} has no option ${wrong}`;
}
