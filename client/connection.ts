/** One connection to Temporal; an address that does not answer is a value, said within seconds. */
import { Client, Connection } from '@temporalio/client';
import type { ClientInterceptors, ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { clientConverter } from '../codec/data-converter.ts';
import { PayloadError, type PayloadKey, payloadKeysIn } from '../codec/keys.ts';
import type { Problem } from '../domain/problem.ts';
import { clientIdentity } from './identity.ts';
import { whyNoWay } from './no-way.ts';

export interface TemporalTarget {
  readonly namespace: string;
  readonly options: Pick<ConnectionOptions, 'address' | 'tls' | 'apiKey' | 'metadata'>;
  /** Left out: those of KNOWNGOOD_PAYLOAD_KEYS. */
  readonly payloadKeys?: readonly PayloadKey[];
}

export type Connected =
  | { readonly kind: 'connected'; readonly client: Client; readonly identity: string }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** `temporal` left out: the standard Temporal variables and profile alone. */
export async function connect(
  temporal: TemporalTarget = fromEnvironment(),
  identity = clientIdentity(),
  interceptors: ClientInterceptors = {},
): Promise<Connected> {
  const { namespace, options } = temporal;
  try {
    const dataConverter = clientConverter(temporal.payloadKeys ?? payloadKeysIn(process.env));
    const connection = await Connection.connect({ ...options, connectTimeout: '5 seconds' });
    const client = new Client({ connection, namespace, dataConverter, identity, interceptors });
    return { kind: 'connected', client, identity };
  } catch (error) {
    if (error instanceof PayloadError) return { kind: 'refused', problems: [error.problem] };
    return { kind: 'refused', problems: [await whyNoWay(options, error)] };
  }
}

function fromEnvironment(): TemporalTarget {
  const { namespace = 'default', connectionOptions } = loadClientConnectConfig();
  return { namespace, options: { ...connectionOptions } as TemporalTarget['options'] };
}
