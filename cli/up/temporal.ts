/** Temporal for `up`: the one that answers, else one of our own. */
import { join } from 'node:path';
import { temporalConnection } from '../../config/temporal.ts';
import type { KnowngoodConfig } from '../../domain/config.ts';
import { stop } from '../stop.ts';

export interface UpTemporal {
  readonly address: string;
  readonly namespace: string;
  readonly uiAddress: string | null;
  /** False: somebody else runs it. */
  readonly own: boolean;
  stop(): Promise<void>;
}

/** Temporal's own habit. */
const usualUiPort = 8233;

/** The one that the configuration promises, else the usual one, else any: links are read from what is said, not guessed. */
async function uiPortOf({ uiAddress }: KnowngoodConfig): Promise<number> {
  const promised = uiAddress === null ? null : Number(new URL(uiAddress).port || 80);
  if (promised !== null) return promised;
  const { freePort, isFree } = await import('../../worker/stack/ports.ts');
  return (await isFree(usualUiPort)) ? usualUiPort : freePort();
}

export async function upTemporal(
  config: KnowngoodConfig,
  folder: string,
  say: (line: string) => void,
): Promise<UpTemporal> {
  const { options, namespace } = await temporalConnection(config.temporal);
  const { address } = options;
  const { Connection } = await import('@temporalio/client');
  const { registerSearchAttributes, startTemporal } = await import('../../worker/stack/temporal-server.ts');
  const there = await Connection.connect({ ...options, connectTimeout: '2 seconds' }).catch(() => null);
  if (there !== null) {
    try {
      await registerSearchAttributes(there, namespace).catch((error: Error) =>
        say(`could not register search attributes: ${error.message}`),
      );
    } finally {
      await there.close();
    }
    return { address, namespace, uiAddress: config.uiAddress, own: false, stop: () => Promise.resolve() };
  }
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host)) {
    throw stop({
      code: 'temporal-unreachable',
      message: `no Temporal server answers at ${address}`,
      hint: 'Start it, or take the address out of the configuration: then one of our own is started.',
    });
  }
  say('starting Temporal and its Web UI');
  const started = await startTemporal({
    port: Number(port),
    uiPort: await uiPortOf(config),
    dbFile: join(folder, 'temporal.db'),
    progress: say,
  });
  return {
    address: started.address,
    namespace: started.namespace,
    uiAddress: started.uiAddress,
    own: true,
    stop: started.stop,
  };
}
