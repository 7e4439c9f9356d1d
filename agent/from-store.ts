/** Asks the store; whether it is away or refuses makes the difference between trying again and a person. */
import { AgentError, messageOf, problemsOf } from './agent-error.ts';
import type { AgentParts } from './agent-parts.ts';
import type { AgentStore } from './snapshot-store.ts';

/** null: none is configured. */
export async function fromStore<T>(
  { store }: Pick<AgentParts, 'store'>,
  ask: (store: AgentStore) => Promise<T>,
): Promise<T | null> {
  if (store === null) return null;
  try {
    return await ask(await store());
  } catch (error) {
    const refuses = error instanceof Error && 'retryable' in error && error.retryable === false;
    if (refuses) throw error;
    const [problem = { code: 'store-unreachable', message: messageOf(error) }] = problemsOf(error, 'store-unreachable');
    throw new AgentError('StoreUnreachable', problem, error);
  }
}
