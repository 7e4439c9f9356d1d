/** The journal of the agent on this host, for when Temporal is away. */
import { loadAgentConfig } from '../config/load.ts';
import { ProblemsError } from '../config/problems-error.ts';
import type { GlobalOptions } from './options.ts';
import type { JournalShown } from './render/journal.ts';

/** null: no agent is configured here, or it is another target's. */
export async function journalHere(options: GlobalOptions, name: string | undefined): Promise<JournalShown | null> {
  const config = await loadAgentConfig(options.agentConfig).catch((error: unknown) => {
    if (error instanceof ProblemsError && options.agentConfig === undefined) return null;
    throw error;
  });
  if (config === null) return null;
  const { rescue } = await import('../worker/rescue.ts');
  const shown = await rescue(config).show();
  const change = shown.kind === 'open' ? shown.change : null;
  const isMeant =
    name === undefined ||
    name === config.target ||
    name === change?.changeId ||
    name === `${config.target}:${change?.changeId}`;
  return isMeant ? { target: config.target, change } : null;
}
