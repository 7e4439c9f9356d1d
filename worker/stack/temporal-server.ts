/** A Temporal dev server and its Web UI, started for whoever has none. Both end with the process that started them. */
import { Connection, isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kept, keep } from './keeper.ts';
import { freePort } from './ports.ts';
import { StackError } from './stack-error.ts';
import { type Progress, findTemporalCli, findUiServer } from './temporal-binaries.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';

export interface TemporalStack {
  /** Of the server, `host:port`. */
  readonly address: string;
  /** Of the Web UI, with scheme and without a slash at its end; null: none was asked for. */
  readonly uiAddress: string | null;
  readonly namespace: string;
  stop(): Promise<void>;
}

export interface TemporalOptions {
  /** Default true. */
  readonly ui?: boolean;
  /** SQLite file that keeps workflows from one start to the next; default: in memory. */
  readonly dbFile?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Default: a free one. */
  readonly uiPort?: number;
  /** Where the Web UI has payloads decrypted, with scheme; default: nowhere. */
  readonly codecEndpoint?: string;
  readonly progress?: Progress;
}

const namespace = 'default';
const host = '127.0.0.1';

/** The default of 20 polls a second puts every step of a workflow on a grid of 50 ms. */
const dynamicConfig = ['transfer', 'timer', 'visibility'].map((queue) => `history.${queue}ProcessorMaxPollRPS=1000`);

const readyWithinMs = 30_000;
const pollMs = 50;
/** A free port may be taken before the server has it. */
const portTries = 3;

/** The first call of a machine may build (minutes); `progress` says so. */
export async function startTemporal(options: TemporalOptions = {}): Promise<TemporalStack> {
  const progress = options.progress ?? (() => {});
  const cli = await findTemporalCli(progress);
  const wantsUi = options.ui !== false;
  const ui = wantsUi ? await findUiServer(progress) : null;
  const uiPort = options.uiPort ?? (await freePort());
  const server = await startServer(cli.path, options, wantsUi && ui === null ? uiPort : null);
  try {
    const web = ui === null ? null : await startUi(ui, server.address, uiPort, options.codecEndpoint);
    return {
      address: server.address,
      uiAddress: wantsUi ? `http://${host}:${uiPort}` : null,
      namespace,
      stop: async () => {
        await web?.stop();
        await server.kept.stop();
      },
    };
  } catch (error) {
    await server.kept.stop();
    throw error;
  }
}

/** For a server that somebody else runs: adds the search attributes that it lacks. Needs the right to do so. */
/** Where somebody else runs Temporal and keeps its operator's calls to themselves, it is only asked whether they are there. */
export async function registerSearchAttributes(connection: Connection, inNamespace: string): Promise<void> {
  const present = await connection.operatorService
    .listSearchAttributes({ namespace: inNamespace })
    .catch((error: unknown) => {
      if (isGrpcServiceError(error) && [permissionDenied, unimplemented].includes(error.code)) return null;
      throw error;
    });
  if (present === null) return mustHaveSearchAttributes(connection, inNamespace);
  const missing = searchAttributes.filter((name) => !(name in (present.customAttributes ?? {})));
  if (missing.length === 0) return;
  const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
  await connection.operatorService.addSearchAttributes({
    namespace: inNamespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
  });
}

const invalidArgument = 3;
const permissionDenied = 7;
const unimplemented = 12;

async function mustHaveSearchAttributes(connection: Connection, inNamespace: string): Promise<void> {
  const unknown: string[] = [];
  for (const name of searchAttributes)
    await connection.workflowService
      .countWorkflowExecutions({ namespace: inNamespace, query: `${name} = ''` })
      .catch((error: unknown) => {
        if (!isGrpcServiceError(error) || error.code !== invalidArgument) throw error;
        unknown.push(name);
      });
  if (unknown.length === 0) return;
  throw new StackError({
    code: 'no-search-attributes',
    message: `namespace "${inNamespace}" lacks the search attributes ${unknown.join(', ')}`,
    detail: 'This Temporal lets Knowngood register none, and a workflow that sets an unknown one could never go on.',
    hint: 'Have them created there, of type Keyword.',
  });
}

interface RunningServer {
  readonly address: string;
  readonly kept: Kept;
}

async function startServer(path: string, options: TemporalOptions, uiPort: number | null): Promise<RunningServer> {
  for (let tries = 1; ; tries += 1) {
    const port = options.port ?? (await freePort());
    const address = `${host}:${port}`;
    const kept = await keep(path, serverArguments(port, options, uiPort), { cwd: '/' });
    const problem = await waitFor(kept, () => isReady(address));
    if (problem === null) return { address, kept };
    await kept.stop();
    const portTaken = problem.includes('address already in use') && options.port === undefined;
    if (!portTaken || tries === portTries) throw notStarted('Temporal server', address, problem);
  }
}

function serverArguments(port: number, { dbFile, codecEndpoint }: TemporalOptions, uiPort: number | null): string[] {
  const storage = dbFile === undefined ? [] : ['--db-filename', dbFile, '--sqlite-pragma', 'journal_mode=WAL'];
  const base = ['server', 'start-dev', '--ip', host, '--port', String(port), '--namespace', namespace];
  return [
    ...base,
    '--log-level',
    'error',
    ...(uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(uiPort === null || codecEndpoint === undefined ? [] : ['--ui-codec-endpoint', codecEndpoint]),
    ...storage,
    ...dynamicConfig.flatMap((entry) => ['--dynamic-config-value', entry]),
    ...searchAttributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
}

async function startUi(
  { path, configDir }: { readonly path: string; readonly configDir: string },
  address: string,
  port: number,
  codecEndpoint: string | undefined,
): Promise<Kept> {
  const url = `http://${host}:${port}`;
  const kept = await keep(path, ['--root', '/', '--config', configDir, '--env', 'docker', 'start'], {
    cwd: '/',
    env: {
      PATH: process.env['PATH'],
      TEMPORAL_ADDRESS: address,
      TEMPORAL_UI_PORT: String(port),
      TEMPORAL_DEFAULT_NAMESPACE: namespace,
      TEMPORAL_CORS_ORIGINS: `${url},http://localhost:${port}`,
      // Plain HTTP on this machine: a cookie for HTTPS only would never come back.
      TEMPORAL_CSRF_COOKIE_INSECURE: 'true',
      TEMPORAL_DISABLE_NEWS_FETCH: 'true',
      ...(codecEndpoint === undefined ? {} : { TEMPORAL_CODEC_ENDPOINT: codecEndpoint }),
    },
  });
  const problem = await waitFor(kept, () => answers(url));
  if (problem === null) return kept;
  await kept.stop();
  throw notStarted("Temporal's Web UI", url, problem);
}

/** Null as soon as `ready` says yes; else what went wrong. */
async function waitFor(kept: Kept, ready: () => Promise<boolean>): Promise<string | null> {
  const deadlineMs = performance.now() + readyWithinMs;
  while (performance.now() < deadlineMs) {
    if (await ready()) return null;
    const ended = await Promise.race([kept.exited, sleep(pollMs, null)]);
    if (ended !== null) return `it ended with code ${ended}\n${kept.tail()}`;
  }
  return `no answer within ${readyWithinMs / 1000} s\n${kept.tail()}`;
}

async function isReady(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: '1 second' });
    try {
      await connection.workflowService.describeNamespace({ namespace });
      await registerSearchAttributes(connection, namespace);
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

function notStarted(what: string, address: string, detail: string): StackError {
  return new StackError({
    code: 'temporal-failed',
    message: `${what} did not start on ${address}`,
    detail,
    hint: 'If the port is taken, name another one; else the lines above say what it lacks.',
  });
}
