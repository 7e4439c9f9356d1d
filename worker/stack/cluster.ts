/** A PostgreSQL server for the demo, the tests and the store: made, started, stopped and removed; never somebody else's. */
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Home, makeHome } from './cluster-home.ts';
import {
  type DataFolderOptions,
  checkMajor,
  configure,
  fill,
  passwordFile,
  serverEnvironment,
  superuser,
} from './data-folder.ts';
import { type ServerKeeper, type SystemUser, keepServer } from './keeper.ts';
import { freePort } from './ports.ts';
import { type PostgresBinaries, type PostgresMajor, postgresBinaries, systemUser } from './postgres-binaries.ts';
import { run } from './run.ts';
import { StackError } from './stack-error.ts';

export type { PostgresMajor } from './postgres-binaries.ts';

export interface Cluster {
  readonly major: PostgresMajor;
  /** Absolute, without symbolic links. */
  readonly dataDir: string;
  readonly port: number;
  readonly host: '127.0.0.1';
  readonly socketDir: string;
  readonly superuser: 'postgres';
  /** Of the superuser, over TCP; the socket trusts it. */
  readonly password: string;
  /** What the server wrote, all starts one after the other. */
  readonly logFile: string;
  /** Folder of `postgres`, `pg_ctl` and `initdb`. */
  readonly bin: string;
  /** Whom the server runs as; null: this process's own user. */
  readonly systemUser: SystemUser | null;
  /**
   * The command line of pg_ctl for this cluster, change of user included: `pgCtl('restart', '-m', 'fast', '-w')`.
   * Port and socket folder stand on the server's own command line, and a restart keeps them.
   */
  pgCtl(...args: string[]): string[];
  /** Default: the superuser with its password; another user gets none unless it is given. */
  url(user?: string, database?: string, password?: string): string;
  start(): Promise<void>;
  /** Default `fast`. A server that does not run is stopped already. */
  stop(mode?: StopMode): Promise<void>;
  restart(): Promise<void>;
  /** Stops it and removes the data folder. */
  remove(): Promise<void>;
}

export type StopMode = 'smart' | 'fast' | 'immediate';

export interface ClusterOptions extends DataFolderOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Default true. */
  readonly start?: boolean;
}

const host = '127.0.0.1';

/** A free port may be taken before the server has it. */
const portTries = 5;

const startTimeoutS = 60;

export async function createCluster(options: ClusterOptions): Promise<Cluster> {
  const binaries = await postgresBinaries(options.major);
  const user = systemUser();
  const home = await makeHome(options.dataDir, user);
  const existing = existsSync(join(home.dataDir, 'PG_VERSION'));
  // From the first file on: what is thrown away goes even when this process is killed in the middle of initdb.
  const keeper = home.throwAway === null ? null : await keepServer(watched(home));
  try {
    if (existing) await checkMajor(home.dataDir, options.major);
    else await fill(home.dataDir, binaries, user, options);
    await configure(home.dataDir, options, existing, user);
    const password = (await readFile(join(home.dataDir, passwordFile), 'utf8')).trim();
    const server = new Server(options, binaries, user, home, password, keeper);
    if (options.start !== false) await server.start();
    return server;
  } catch (error) {
    await keeper?.dismiss();
    if (home.throwAway !== null) await rm(home.throwAway, { recursive: true, force: true });
    throw error;
  }
}

class Server implements Cluster {
  readonly host = host;
  readonly superuser = superuser;
  readonly major: PostgresMajor;
  readonly dataDir: string;
  readonly socketDir: string;
  readonly logFile: string;
  readonly bin: string;
  readonly systemUser: SystemUser | null;
  readonly password: string;
  readonly #givenPort: number | undefined;
  readonly #home: Home;
  #port = 0;
  #keeper: ServerKeeper | null;

  constructor(
    options: ClusterOptions,
    binaries: PostgresBinaries,
    user: SystemUser | null,
    home: Home,
    password: string,
    keeper: ServerKeeper | null,
  ) {
    this.major = options.major;
    this.dataDir = home.dataDir;
    this.socketDir = home.socketDir;
    this.logFile = home.logFile;
    this.bin = binaries.bin;
    this.systemUser = user;
    this.password = password;
    this.#givenPort = options.port;
    this.#home = home;
    this.#keeper = keeper;
  }

  /** 0 until the first start, unless it was given. */
  get port(): number {
    return this.#givenPort ?? this.#port;
  }

  pgCtl(...args: string[]): string[] {
    const [mode = 'status', ...rest] = args;
    // Without -l the server would hold the outputs of whoever restarts it.
    const log = mode === 'start' || mode === 'restart' ? ['-l', this.logFile] : [];
    return [...asUser(this.systemUser), join(this.bin, 'pg_ctl'), mode, '-D', this.dataDir, ...log, ...rest];
  }

  url(user: string = superuser, database = 'postgres', password?: string): string {
    const secret = password ?? (user === superuser ? this.password : undefined);
    const login =
      secret === undefined ? encodeURIComponent(user) : `${encodeURIComponent(user)}:${encodeURIComponent(secret)}`;
    return `postgresql://${login}@${host}:${this.port}/${encodeURIComponent(database)}`;
  }

  async start(): Promise<void> {
    await mkdir(this.socketDir, { recursive: true });
    await chmod(this.socketDir, 0o755);
    if (this.systemUser) await chown(this.socketDir, this.systemUser.uid, this.systemUser.gid);
    this.#keeper ??= await keepServer(watched(this.#home));
    for (let tries = 1; ; tries += 1) {
      if (this.#givenPort === undefined && this.#port === 0) this.#port = await freePort();
      const logged = await sizeOf(this.logFile);
      const onCommandLine = `-p ${this.port} -k '${this.socketDir}'`;
      const { code, output } = await this.#pgCtl('start', '-w', '-t', String(startTimeoutS), '-o', onCommandLine);
      if (code === 0) return;
      const log = (await readFile(this.logFile, 'utf8').catch(() => '')).slice(logged);
      const portTaken = log.includes('Address already in use');
      if (!portTaken || this.#givenPort !== undefined || tries === portTries) {
        await this.#notStarted();
        throw this.#startFailed(output, log);
      }
      this.#port = 0;
    }
  }

  async stop(mode: StopMode = 'fast'): Promise<void> {
    if (await this.#runs()) {
      const { code, output } = await this.#pgCtl('stop', '-w', '-m', mode);
      if (code !== 0 && (await this.#runs())) throw this.#failed('stop', output);
    }
    // A data folder that stays may be started by somebody else from here on; one that is thrown away is still to be removed.
    if (this.#home.throwAway === null) await this.#dismissKeeper();
    await rm(this.socketDir, { recursive: true, force: true });
  }

  async restart(): Promise<void> {
    const logged = await sizeOf(this.logFile);
    const { code, output } = await this.#pgCtl('restart', '-w', '-m', 'fast', '-t', String(startTimeoutS));
    if (code !== 0)
      throw this.#startFailed(output, (await readFile(this.logFile, 'utf8').catch(() => '')).slice(logged));
  }

  async remove(): Promise<void> {
    await this.stop('immediate');
    await this.#dismissKeeper();
    const ours = this.#home.throwAway ?? this.dataDir;
    await rm(ours, { recursive: true, force: true });
  }

  /** A given folder may have a server of somebody else's, which is the reason and must live on. */
  async #notStarted(): Promise<void> {
    if (this.#home.throwAway === null) await this.#dismissKeeper();
    else if (await this.#runs()) await this.#pgCtl('stop', '-w', '-m', 'immediate');
    await rm(this.socketDir, { recursive: true, force: true });
  }

  async #dismissKeeper(): Promise<void> {
    await this.#keeper?.dismiss();
    this.#keeper = null;
  }

  async #runs(): Promise<boolean> {
    return (await this.#pgCtl('status')).code === 0;
  }

  async #pgCtl(...args: string[]): ReturnType<typeof run> {
    const [command = '', ...rest] = this.pgCtl(...args);
    return run(command, rest, { cwd: '/', env: serverEnvironment() });
  }

  #startFailed(output: string, log: string): StackError {
    return this.#failed('start', log.trim() === '' ? output : log.trim().split('\n').slice(-20).join('\n'));
  }

  #failed(verb: string, detail: string): StackError {
    return new StackError({
      code: 'postgres-failed',
      message: `PostgreSQL ${this.major} in ${this.dataDir} did not ${verb}`,
      detail,
      hint: `Its whole log is ${this.logFile}.`,
    });
  }
}

function watched({ dataDir, socketDir, throwAway }: Home): Parameters<typeof keepServer>[0] {
  return throwAway === null
    ? { dataDir, signal: 'INT', thenRemove: [socketDir] }
    : { dataDir, signal: 'QUIT', thenRemove: [socketDir, throwAway] };
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Words before a command that change the user for it; without util-linux, Node itself does it. */
function asUser(user: SystemUser | null): string[] {
  if (user === null) return [];
  const setpriv = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'setpriv'));
  const found = setpriv.find((path) => existsSync(path));
  if (found !== undefined) return [found, `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--'];
  const script =
    'const [u,g,c,...a]=process.argv.slice(1);process.setgroups([]);process.setgid(+g);process.setuid(+u);' +
    'process.exitCode=require("child_process").spawnSync(c,a,{stdio:"inherit"}).status??1';
  return [process.execPath, '-e', script, '--', String(user.uid), String(user.gid)];
}
