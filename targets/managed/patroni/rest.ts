/** Patroni's REST API: one request at a time to whichever endpoint answers. Writes are sent with the login it asks for. */
import { readFile } from 'node:fs/promises';
import { Agent, type Dispatcher, request } from 'undici';
import type { PatroniConfig } from '../../../domain/config.ts';
import { TargetError, messageOf } from '../../postgres/target-error.ts';

export interface PatroniRest {
  /** Of the first endpoint that answers at all. */
  anywhere(method: 'GET' | 'PATCH', path: string, body?: unknown): Promise<Answer>;
  at(endpoint: string, method: 'GET' | 'POST', path: string, timeoutMs: number, body?: unknown): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly endpoint: string;
  readonly status: number;
  readonly text: string;
}

const timeoutMs = 5_000;

/** `password` resolved already. */
export function patroniRest({ endpoints, username, tls }: PatroniConfig, password: string | null): PatroniRest {
  const login = username === null ? null : `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
  let agent: Promise<Agent> | null = null;
  let last = 0;

  /** Files that are missing now may be there at the next try. */
  async function dispatcher(): Promise<Dispatcher> {
    agent ??= agentOf(tls);
    return agent.catch((error: unknown) => {
      agent = null;
      throw error;
    });
  }

  async function at(
    endpoint: string,
    method: Dispatcher.HttpMethod,
    path: string,
    headersTimeout: number,
    body?: unknown,
  ): Promise<Answer> {
    const { statusCode, body: answer } = await request(`${endpoint}${path}`, {
      method,
      dispatcher: await dispatcher(),
      headersTimeout,
      bodyTimeout: timeoutMs,
      // Reading needs no login, and whoever answers in a member's place is told none.
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(login === null || method === 'GET' ? {} : { authorization: login }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { endpoint, status: statusCode, text: await answer.text() };
  }

  return {
    at,
    async anywhere(method, path, body) {
      const refusals: string[] = [];
      for (let tried = 0; tried < endpoints.length; tried += 1) {
        const endpoint = endpoints[(last + tried) % endpoints.length] ?? '';
        try {
          const answer = await at(endpoint, method, path, timeoutMs, body);
          // One that has lost its DCS says so; another may have it.
          if (answer.status < 500) {
            last = (last + tried) % endpoints.length;
            return answer;
          }
          refusals.push(`${endpoint}: status ${answer.status}`);
        } catch (error) {
          refusals.push(`${endpoint}: ${messageOf(error)}`);
        }
      }
      throw new TargetError('TargetUnreachable', [
        {
          code: 'owner-unreachable',
          message: 'Patroni answers at none of its endpoints',
          detail: refusals.join('; '),
          hint: "Check patroni.endpoints in the agent's agent.yaml, and whether the cluster reaches its DCS.",
        },
      ]);
    },
    async close() {
      await (await agent?.catch(() => null))?.close();
    },
  };
}

async function agentOf(tls: PatroniConfig['tls']): Promise<Agent> {
  const read = (path: string | null): Promise<Buffer> | null => (path === null ? null : readFile(path));
  const [ca, cert, key] = await Promise.all([read(tls?.ca ?? null), read(tls?.cert ?? null), read(tls?.key ?? null)]);
  const connect = {
    timeout: timeoutMs,
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    ...(tls?.serverName == null ? {} : { servername: tls.serverName }),
  };
  // Patroni closes what idles; a request on a connection that is just being closed would look like an outage.
  return new Agent({ connect, pipelining: 0, keepAliveTimeout: 1, keepAliveMaxTimeout: 1 });
}
