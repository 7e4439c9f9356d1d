/** `agent/key-rotation.ts` with the store that the agent's configuration names. */
import { type Log, stderrLog } from '../agent/log.ts';
import { type Rotated, rotateKey } from '../agent/key-rotation.ts';
import { resolveOptionalSecret } from '../config/secrets.ts';
import type { AgentConfig } from '../domain/config.ts';
import { createStore } from '../store/postgres-store.ts';
import { lazyStore } from '../store/lazy-store.ts';

export type { Rotated } from '../agent/key-rotation.ts';

/** `say`: a line of progress; default: with everything else on stderr. */
export async function rotate(
  config: AgentConfig,
  { newFingerprints, say }: { readonly newFingerprints: boolean; readonly say?: (line: string) => void },
): Promise<Rotated> {
  const log: Log = say === undefined ? stderrLog : { info: say, warn: say };
  const { store: database } = config;
  const store = lazyStore(async () => {
    // The store of `up` runs in one process with the agent that must be stopped: what it holds needs the old key.
    if (database === null) throw new Error(`${config.path} names no store; the one of "knowngood up" is not reached`);
    return createStore({ database, password: await resolveOptionalSecret(database.password) });
  });
  try {
    return await rotateKey(config, { store: () => Promise.resolve(store), newFingerprints, log });
  } finally {
    await store.close().catch(() => undefined);
  }
}
