/** The way back to the old server after an upgrade: the undo that agent.yaml names, journaled like the command itself. */
import type { AgentConfig } from '../domain/config.ts';
import { type Journal, mayWrite, undoEnded, undoStarting } from '../domain/journal.ts';
import type { Say } from '../targets/target.ts';
import { AgentError, Fenced } from './agent-error.ts';
import { killCommand } from './command.ts';
import { runJournaled } from './named-command.ts';
import type { StateFolder } from './state-folder.ts';
import { commandOf } from './upgrade.ts';

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
