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
  const [change, last] = shown.kind === 'open' ? [shown.change, null] : [null, shown.last];
  const { target } = config;
  const changeId = change?.changeId ?? last?.changeId;
  const isMeant = name === undefined || [target, changeId, `${target}:${changeId}`].includes(name);
  return isMeant ? { target, change, last } : null;
}
