/** Temporal for `up`: the one that answers, else one of our own. */
import { join } from 'node:path';
import type { PayloadKey } from '../../codec/keys.ts';
import type { CodecServer } from '../../codec/server.ts';
import { temporalConnection } from '../../config/temporal.ts';
import type { KnowngoodConfig } from '../../domain/config.ts';
import { stop } from '../stop.ts';

export interface UpTemporal {
  readonly address: string;
  readonly namespace: string;
  readonly uiAddress: string | null;
  /** Of the codec server that its Web UI asks; null: payloads are in clear, or somebody else runs the Web UI. */
  readonly codecAddress: string | null;
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

/** Before the Web UI, which is told where it is. */
async function codecFor(keys: readonly PayloadKey[], uiPort: number): Promise<CodecServer> {
  const { createPayloadCodec } = await import('../../codec/payload-codec.ts');
  const { serveCodec, usualCodecPort } = await import('../../codec/server.ts');
  const { isFree } = await import('../../worker/stack/ports.ts');
  return serveCodec({
    codec: createPayloadCodec(keys),
    listen: { host: '127.0.0.1', port: (await isFree(usualCodecPort)) ? usualCodecPort : 0 },
    origins: ['127.0.0.1', 'localhost'].map((host) => `http://${host}:${uiPort}`),
    token: null,
  });
}

export async function upTemporal(
  config: KnowngoodConfig,
  folder: string,
  say: (line: string) => void,
): Promise<UpTemporal> {
  const { options, namespace, payloadKeys } = await temporalConnection(config.temporal);
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
    const { uiAddress } = config;
    return { address, namespace, uiAddress, codecAddress: null, own: false, stop: () => Promise.resolve() };
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
  const uiPort = await uiPortOf(config);
  const codec = payloadKeys === undefined ? null : await codecFor(payloadKeys, uiPort);
  const started = await startTemporal({
    port: Number(port),
    uiPort,
    dbFile: join(folder, 'temporal.db'),
    progress: say,
    ...(codec === null ? {} : { codecEndpoint: codec.address }),
  }).catch(async (error: unknown) => {
    await codec?.close();
    throw error;
  });
  return {
    address: started.address,
    namespace: started.namespace,
    uiAddress: started.uiAddress,
    codecAddress: codec?.address ?? null,
    own: true,
    stop: async () => {
      await codec?.close();
      await started.stop();
    },
  };
}
