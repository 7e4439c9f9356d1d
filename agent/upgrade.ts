/** Commands that put a new server in the old one's place: what is said about them, and the way back to the old server. */
import type { AgentConfig, NamedCommand } from '../domain/config.ts';
import { type Journal, mayWrite, undoEnded, undoStarting } from '../domain/journal.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { RevertPreview, Say } from '../targets/target.ts';
import { AgentError, Fenced } from './agent-error.ts';
import { killCommand } from './command.ts';
import { runJournaled } from './named-command.ts';
import type { StateFolder } from './state-folder.ts';

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
  return { items: [{ ...item, summary, note }], effect: 'restart', diff: '' };
}

/** Runs the undo, where one is declared, until it has ended well once. Whether the old server is back is seen afterwards. */
export async function putServerBack(
  { config, state }: { readonly config: AgentConfig; readonly state: StateFolder },
  { changeId, epoch }: Journal,
  say: Say,
): Promise<void> {
  const journal = state.journal.read();
  if (!mayWrite(journal, { changeId, epoch }) || journal === null) throw new Fenced();
  const upgrade = commandOf(config, journal)?.upgrade;
  // A change whose command never started has nothing to undo.
  if (upgrade?.onRevert !== 'undo' || upgrade.undo === null || journal.undo?.exitCode === 0) return;
  if (journal.undo !== undefined) await killCommand(journal.undo, say);
  const fence = (): void => {
    if (!mayWrite(state.journal.read(), journal)) throw new Fenced();
  };
  const command = { ...upgrade.undo, name: `undo of ${journal.command?.name}` };
  const { problems } = await runJournaled(
    { state },
    journal,
    command,
    { starting: undoStarting, ended: undoEnded },
    fence,
    say,
  );
  const [problem] = problems;
  if (problem === undefined) return;
  throw new AgentError('AgentInternal', {
    ...problem,
    code: 'undo-failed',
    hint: 'The old server is not back. Mend what it says: the undo is run again with the next attempt.',
  });
}
