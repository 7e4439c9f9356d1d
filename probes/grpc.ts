/** Check kind `grpc`: `grpc.health.v1.Health/Check` on a new connection; only SERVING passes. */
import { Client, credentials, Metadata, status, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js';
import { fromJSON, type MethodDefinition } from '@grpc/proto-loader';
import { readFile } from 'node:fs/promises';
import type { GrpcCheck } from '../domain/check.ts';
import type { ResolveSecret } from './http.ts';
import { failedWith, passed, probeError, type Measured } from './measured.ts';

interface HealthAnswer {
  readonly status: string;
}

/** https://github.com/grpc/grpc/blob/master/src/proto/grpc/health/v1/health.proto, as far as it is asked here. */
const check = fromJSON(
  {
    nested: {
      'grpc.health.v1': {
        nested: {
          HealthCheckRequest: { fields: { service: { type: 'string', id: 1 } } },
          HealthCheckResponse: {
            fields: { status: { type: 'ServingStatus', id: 1 } },
            nested: { ServingStatus: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } } },
          },
          Health: {
            methods: { Check: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse', comment: '' } },
          },
        },
      },
    },
  },
  { enums: String, defaults: true },
)['grpc.health.v1.Health'] as unknown as { readonly Check: MethodDefinition<object, object> };

/** More than an answer of one number needs. */
const mostAnswerBytes = 65_536;

export async function measureGrpc(spec: GrpcCheck, resolveSecret: ResolveSecret): Promise<Measured> {
  const metadata = new Metadata();
  let channel: ChannelCredentials;
  try {
    for (const [name, value] of Object.entries(spec.metadata)) metadata.set(name, await resolveSecret(value));
    channel = await credentialsOf(spec.tls);
  } catch (error) {
    return probeError('secret', error instanceof Error ? error.message : 'the call could not be prepared');
  }
  const name = spec.tls?.serverName ?? null;
  const client = new Client(
    spec.host.includes(':') ? `[${spec.host}]:${spec.port}` : `${spec.host}:${spec.port}`,
    channel,
    {
      // A connection of its own: what is open already stays green while new ones fail.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.enable_http_proxy': 0,
      'grpc.max_receive_message_length': mostAnswerBytes,
      ...(name === null ? {} : { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name }),
    },
  );
  try {
    return await new Promise((resolve) =>
      client.makeUnaryRequest(
        check.Check.path,
        check.Check.requestSerialize,
        check.Check.responseDeserialize,
        { service: spec.service },
        metadata,
        { deadline: Date.now() + spec.timeoutMs },
        (error, answer) => resolve(error === null ? fromAnswer(answer as HealthAnswer) : fromError(error, spec)),
      ),
    );
  } finally {
    client.close();
  }
}

async function credentialsOf(tls: GrpcCheck['tls']): Promise<ChannelCredentials> {
  if (tls === null) return credentials.createInsecure();
  const read = async (path: string | null): Promise<Buffer | null> => (path === null ? null : readFile(path));
  const [ca, key, cert] = await Promise.all([read(tls.ca), read(tls.key), read(tls.cert)]);
  return credentials.createSsl(ca, key, cert);
}

function fromAnswer({ status: serving }: HealthAnswer): Measured {
  return serving === 'SERVING' ? passed : failedWith('grpc', serving, `the service says ${serving}`);
}

function fromError({ code, details, message }: ServiceError, { service, timeoutMs }: GrpcCheck): Measured {
  const word = status[code] ?? String(code);
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return failedWith('timeout', word, `no answer within ${timeoutMs} ms`);
    case status.UNAVAILABLE:
      return unavailable(word, details);
    case status.NOT_FOUND:
      return failedWith('grpc', word, `the server knows no service ${JSON.stringify(service)}`);
    case status.UNIMPLEMENTED:
      return failedWith('grpc', word, 'the server does not answer health checks (grpc.health.v1)');
    default:
      return failedWith('grpc', word, details === '' ? message : details);
  }
}

/** One code for all that keeps a connection from coming about; its words tell them apart. */
function unavailable(word: string, details: string): Measured {
  if (/ENOTFOUND|EAI_AGAIN|Name resolution failed/.test(details)) return probeError(word, details);
  if (details.includes('ECONNREFUSED')) return failedWith('refused', 'ECONNREFUSED', details);
  if (/\b(SSL|TLS|certificate|EPROTO|ERR_TLS\w*|altnames)\b/i.test(details)) return failedWith('tls', word, details);
  return failedWith(
    /ECONNRESET|EPIPE|No connection established|Connection dropped/.test(details) ? 'network' : 'grpc',
    word,
    details,
  );
}
