/** Commands that put a new server in the old one's place: which they are, and what is said about them. */
import type { AgentConfig, NamedCommand } from '../domain/config.ts';
import type { Journal } from '../domain/journal.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { RevertPreview } from '../targets/target.ts';

export function commandOf({ commands }: AgentConfig, { command }: Pick<Journal, 'command'>): NamedCommand | undefined {
  return command === null ? undefined : commands[command.name];
}

/** A revert translates the baseline to the server that runs then. */
export function carriesOver(command: NamedCommand | undefined): boolean {
  return command?.upgrade?.onRevert === 'configuration';
}

const carriedOver =
  'A revert carries the old configuration over to the new server; it does not put the old server back.';
const putBack =
  'A revert runs the undo command, which puts the old server back. Confirming is the point of no return: from then on there is no way back to it, and what was written meanwhile exists on the new server alone.';

export function upgradeWarnings(command: NamedCommand | undefined): readonly string[] {
  if (command?.upgrade === undefined) return [];
  return [
    'The command may put a new server in the old one’s place.',
    command.upgrade.onRevert === 'undo' ? putBack : carriedOver,
  ];
}

/** After the change: that the server is another one now, and what a revert of that would be. */
export function newServerWarnings(
  { sections: { server: was } }: Snapshot,
  { sections: { server: is } }: Snapshot,
  command: NamedCommand | undefined,
): readonly string[] {
  if (was.systemIdentifier === is.systemIdentifier && was.dataDirectory === is.dataDirectory) return [];
  const server = `The server is another one now: PostgreSQL ${is.version} in ${is.dataDirectory}, was ${was.version} in ${was.dataDirectory}.`;
  const refused =
    'A revert will refuse it: only a command that is named in agent.yaml with "upgrades: true" may replace the server.';
  const way = command?.upgrade === undefined ? refused : command.upgrade.onRevert === 'undo' ? putBack : carriedOver;
  return [server, way];
}

/** The old server comes first; what is to be done to its files then, nobody knows before it is back. null: nothing is to be undone. */
export function undoPreview(config: AgentConfig, journal: Journal): RevertPreview | null {
  const upgrade = commandOf(config, journal)?.upgrade;
  if (upgrade?.onRevert !== 'undo' || upgrade.undo === null || journal.undo?.exitCode === 0) return null;
  const summary = `the undo of command ${journal.command?.name} puts the old server back`;
  const note = 'its configuration is compared when it is back';
  const item = { key: 'undo', section: 'files', action: 'none', effect: 'restart', decision: 'restore' } as const;
  return { items: [{ ...item, summary, note }], effect: 'restart', held: [], diff: '' };
}
