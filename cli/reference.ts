/** docs/cli.md, from the program itself. Pure. */
import type { Argument, Command, Option } from 'commander';
import { exitMeanings } from './exit-codes.ts';
import { everyCommand } from './program.ts';

export function reference(program: Command): string {
  const globals = program.options.filter(({ long }) => long !== '--version');
  return [
    '# The knowngood command',
    '<!-- Generated from the command line itself: KNOWNGOOD_UPDATE=1 npm test test/cli/reference.test.ts -->',
    program.description() + '. The answer is on stdout, the talk on stderr.',
    '## Everywhere',
    optionTable(globals),
    ...everyCommand(program).flatMap(section),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      Object.entries(exitMeanings).map(([code, meaning]) => [code, meaning]),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function section(command: Command): string[] {
  // A command that only holds others is told by them.
  if (command.commands.length > 0 && command.registeredArguments.length === 0) return [];
  return [
    `## ${nameOf(command)}`,
    `${sentence(command.description())}`,
    `\`\`\`sh\n${usage(command)}\n\`\`\``,
    argumentTable(command.registeredArguments),
    optionTable(command.options),
  ];
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

function usage(command: Command): string {
  return `${nameOf(command)} ${command.usage().replace('[command...]', '-- command…')}`.trimEnd();
}

function argumentTable(args: readonly Argument[]): string {
  if (args.length === 0) return '';
  return table(
    ['argument', 'meaning'],
    args.map((argument) => [`\`${argument.name()}\``, argument.description + defaultOf(argument.defaultValue)]),
  );
}

function optionTable(options: readonly Option[]): string {
  if (options.length === 0) return '';
  return table(
    ['option', 'meaning'],
    options.map((option) => [`\`${option.flags}\``, option.description + defaultOf(option.defaultValue)]),
  );
}

function defaultOf(value: unknown): string {
  return typeof value === 'string' ? ` (default: ${value})` : '';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
