/** A Patroni cluster as the owner of its members' configuration: the dynamic configuration, by the REST API. */
import type { PatroniConfig } from '../../../domain/config.ts';
import { type Document, type Json, edited, isTree, patchOf } from '../../../domain/managed/document.ts';
import { TargetError, codeOf, messageOf } from '../../postgres/target-error.ts';
import type { Session } from '../../postgres/session.ts';
import type { Member, Members, Owned, Owner } from '../owner.ts';
import { type Answer, type PatroniRest, patroniRest } from './rest.ts';
import { memberOwn, passed, patroniRefusals, shadowOf } from './rules.ts';

const memberTimeoutMs = 2_000;
/** It answers once the server runs again, checkpoint and recovery included. */
const restartTimeoutMs = 600_000;

/** Patroni's own default. */
const defaultLoopWaitS = 10;

/**
 * GET /config answers from a cache of the member that is asked, up to loop_wait old. A PATCH reads the DCS first and answers
 * with what it read; this one removes a key that is never there, so it writes nothing.
 */
const nothing = { knowngood: null };

/** `password`: of its REST API, resolved already. */
export function createPatroniOwner(config: PatroniConfig, password: string | null): Owner {
  const rest = patroniRest(config, password);
  const apis = new Map<string, string>();
  let seen: string | null = null;

  async function members(): Promise<Members> {
    const cluster = json(await rest.anywhere('GET', '/cluster')) as ClusterAnswer;
    const found = (cluster.members ?? []).filter(({ host, api_url: api }) => host !== undefined && api !== undefined);
    for (const { name, api_url: api } of found) apis.set(name, new URL(api ?? '').origin);
    const asked = found.map(async (one): Promise<Member> => {
      const { name, role, host = '', port = 5432, state } = one;
      const own = await statusOf(apis.get(name) ?? '');
      return {
        name,
        role: role === 'leader' ? 'leader' : 'standby',
        host,
        port,
        state: own === null ? 'unreachable' : (own.state ?? state ?? 'unknown'),
        reached: own?.state === 'running',
        waiting: own?.pending_restart === true ? Object.keys(own.pending_restart_reason ?? {}) : null,
      };
    });
    const all = (await Promise.all(asked)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return { members: all, paused: cluster.pause === true };
  }

  async function statusOf(api: string): Promise<StatusAnswer | null> {
    try {
      // The status is 503 for a member that does not run, and its body tells so.
      return JSON.parse((await rest.at(api, 'GET', '/patroni', memberTimeoutMs)).text) as StatusAnswer;
    } catch {
      return null;
    }
  }

  async function read(): Promise<Owned> {
    const { document, endpoint } = await patch(rest, nothing);
    const [{ members: all, paused }, status] = await Promise.all([members(), statusOf(endpoint)]);
    seen = status?.patroni?.scope ?? seen;
    if (seen === null) throw unexpected('GET /patroni', 'It names no scope.');
    return {
      scope: `patroni:${seen}`,
      systemIdentifier: status?.database_system_identifier ?? null,
      members: all,
      paused,
      document,
      arrivalMs: 2_000 * Number(document['loop_wait'] ?? defaultLoopWaitS) + 15_000,
    };
  }

  return {
    title: 'Patroni',
    places: { parameters: ['postgresql', 'parameters'], hba: ['postgresql', 'pg_hba'] },
    passed,
    memberOwn,
    closedDatabases: new Set(),
    hasAllStandbys: true,
    obstacles: async () => [],
    consider: async (change) => ({ refusals: patroniRefusals(change), notes: [], spellings: new Map() }),
    shadow: shadowOf,
    read,
    members,
    write: async (edits) => (await patch(rest, patchOf(edits))).document,
    taken,
    async restart({ name }) {
      const answer = await rest
        .at(apis.get(name) ?? '', 'POST', '/restart', restartTimeoutMs, {})
        .catch((error: unknown) => {
          throw notRestarted(name, messageOf(error), error);
        });
      if (answer.status !== 200) throw notRestarted(name, `status ${answer.status}: ${answer.text}`);
    },
    async wayBack() {
      try {
        // Asked every few seconds: whether it obeys was seen when the target was identified.
        const { members: all } = seen === null ? await read() : await members();
        const reached = all.filter((member) => member.reached).map(({ name }) => name);
        return { open: reached.length > 0, detail: `patroni:${seen}, reached: ${reached.join(', ') || 'nobody'}` };
      } catch (error) {
        return { open: false, detail: messageOf(error) };
      }
    },
    close: () => rest.close(),
  };
}

interface ClusterAnswer {
  readonly members?: readonly {
    readonly name: string;
    readonly role: string;
    readonly state?: string;
    readonly api_url?: string;
    readonly host?: string;
    readonly port?: number;
  }[];
  readonly pause?: boolean;
}

interface StatusAnswer {
  readonly state?: string;
  readonly pending_restart?: boolean;
  readonly pending_restart_reason?: Readonly<Record<string, unknown>>;
  readonly database_system_identifier?: string;
  readonly patroni?: { readonly scope?: string; readonly version?: string };
}

/** What is declared then. Whether the cluster is paused stands in it too, and is no configuration. */
async function patch(
  rest: PatroniRest,
  body: Document,
): Promise<{ readonly document: Document; readonly endpoint: string }> {
  const answer = await rest.anywhere('PATCH', '/config', body);
  const document = json(answer) as Json;
  if (!isTree(document)) throw unexpected('PATCH /config', answer.text);
  return { document: withoutPause(document), endpoint: answer.endpoint };
}

function withoutPause(document: Document): Document {
  return edited(document, [{ path: ['pause'], to: null }]);
}

function json(answer: Answer): unknown {
  const { endpoint, status, text } = answer;
  if (status === 401 || status === 403)
    throw new TargetError('InsufficientPrivilege', [
      {
        code: 'owner-refused',
        message: `Patroni at ${endpoint} refuses the agent`,
        detail: `Status ${status}: ${text}`,
        hint: "Check patroni.username, password and tls in the agent's agent.yaml against restapi in patroni.yml.",
      },
    ]);
  if (status !== 200) throw unexpected(endpoint, `status ${status}: ${text}`);
  return JSON.parse(text);
}

function unexpected(what: string, detail: string): TargetError {
  return new TargetError('TargetUnreachable', [
    { code: 'owner-unreachable', message: `Patroni gave no answer that can be used: ${what}`, detail },
  ]);
}

function notRestarted(name: string, detail: string, cause?: unknown): TargetError {
  const message = `Patroni did not restart member ${name}`;
  return new TargetError('NotApplied', [{ code: 'not-restarted', message, detail }], cause);
}

/** A member writes this file once it has written its configuration files, and told its server to reload them. */
async function taken(session: Session): Promise<Document | null> {
  try {
    const [row] = await session.rows<{ text: string }>(
      `select pg_catalog.convert_from(pg_catalog.pg_read_binary_file('patroni.dynamic.json'), 'UTF8') as text`,
    );
    return withoutPause(JSON.parse(row?.text ?? '{}') as Document);
  } catch (error) {
    // Not there yet: it comes with the first change.
    if (codeOf(error) === '58P01') return null;
    throw error;
  }
}
