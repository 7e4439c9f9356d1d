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
  const store =
    database === null
      ? null
      : lazyStore(async () => createStore({ database, password: await resolveOptionalSecret(database.password) }));
  try {
    return await rotateKey(config, {
      store: store === null ? null : () => Promise.resolve(store),
      newFingerprints,
      log,
    });
  } finally {
    await store?.close().catch(() => undefined);
  }
}
