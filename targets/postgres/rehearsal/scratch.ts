/** A server of the live one's own version in a folder of its own: made, started, stopped; it never outlives its rehearsal. */
import type { ChildProcess } from 'node:child_process';
import { chmod, chown, mkdir, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dirname, isInside } from '../../../domain/conf/paths.ts';
import type { Problem } from '../../../domain/problem.ts';
import type { ConfigFile } from '../../../domain/snapshot/files.ts';
import { findPostmaster } from '../postmaster.ts';
import type { Binaries } from './binaries.ts';
import type { Configuration, Facts } from './candidate.ts';
import { give } from './folder.ts';
import { type ScratchPlace, commandLine } from './neutral.ts';
import { type PrivateTree, contentIn, inOwnWords, placeIn } from './private-tree.ts';
import { type Ran, run, start } from './run.ts';
import { whyNotStarted } from './server-log.ts';

export interface ScratchOptions {
  readonly folder: string;
  readonly binaries: Binaries;
  readonly facts: Facts;
  readonly tree: PrivateTree;
  readonly before: Configuration;
  readonly candidate: Configuration;
  /** What the live server has on its command line. */
  readonly given: Readonly<Record<string, string>>;
  readonly loopback: boolean;
  readonly walSegmentBytes: number;
  readonly checksums: boolean;
  readonly signal: AbortSignal;
}

const socketFolder = 's';
/** A fast shutdown of an idle server takes a tenth of a second. */
const stopMs = 5_000;
const pollMs = 5;

export class Scratch {
  readonly dataDirectory: string;
  readonly socketDir: string;
  readonly #options: ScratchOptions;
  readonly #logFile: string;
  readonly #laid = new Set<string>();
  /** Kept through restarts: whoever connects goes on with it. */
  #port: number | null = null;
  #running: { readonly child: ChildProcess; readonly exited: Promise<void> } | null = null;

  constructor(options: ScratchOptions) {
    this.#options = options;
    this.dataDirectory = placeIn(options.tree, options.facts.dataDirectory);
    this.socketDir = join(options.folder, socketFolder);
    this.#logFile = join(options.folder, 'server.log');
  }

  get port(): number {
    return this.#port ?? 5432;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** null: made. */
  async init(initdb: string): Promise<Problem | null> {
    const { binaries, folder, walSegmentBytes, checksums, facts, tree, signal } = this.#options;
    await this.#makeFolder(dirname(this.dataDirectory));
    await this.#makeFolder(this.socketDir);
    const args = [
      '-D',
      this.dataDirectory,
      '-U',
      tree.role,
      '-A',
      'trust',
      '--no-sync',
      '--locale=C',
      '-E',
      'UTF8',
      `--wal-segsize=${walSegmentBytes / 1024 / 1024}`,
      ...(checksums ? ['--data-checksums'] : facts.versionNum >= 180_000 ? ['--no-data-checksums'] : []),
    ];
    const { user, env } = binaries;
    const made = await run(initdb, args, { user, cwd: folder, env, signal });
    if (made.code !== 0)
      return {
        code: 'cannot-rehearse',
        message: 'no scratch server could be made',
        detail: made.stderr.trim().slice(-500),
      };
    for (const name of ['postgresql.conf', 'postgresql.auto.conf', 'pg_hba.conf', 'pg_ident.conf'])
      await rm(join(this.dataDirectory, name), { force: true });
    return null;
  }

  /** Takes the place of what was laid out before. */
  async layOut({ files, roles, folders }: Configuration): Promise<void> {
    const { tree } = this.#options;
    for (const path of this.#laid) await rm(path, { force: true });
    this.#laid.clear();
    await this.#makeFolder(this.dataDirectory);
    for (const folder of folders) await this.#makeFolder(placeIn(tree, folder));
    for (const file of files.values()) {
      const path = placeIn(tree, file.path);
      await this.#makeFolder(dirname(path));
      await this.#write(path, file, contentIn(tree, roles.get(file.path) ?? 'other', file.content));
      this.#laid.add(path);
    }
  }

  /** `postgres -C`: reads the configuration, answers one setting, and touches nothing. */
  ask(name: string, further: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const { binaries, folder, signal } = this.#options;
    const { user, env, postgres } = binaries;
    return run(postgres, [...this.#arguments(further), '-C', name], { user, cwd: folder, env, signal });
  }

  /** Empty: it accepts connections. */
  async start(further: Readonly<Record<string, string>> = {}): Promise<readonly Problem[]> {
    const { binaries, folder, signal, loopback } = this.#options;
    signal.throwIfAborted();
    this.#port ??= loopback ? await freePort() : 5432;
    await writeFile(this.#logFile, '', { flag: 'a', mode: 0o600 });
    await truncate(this.#logFile);
    const log = await open(this.#logFile, 'a');
    const { user, env, postgres } = binaries;
    const child = start(postgres, this.#arguments(further), { user, cwd: folder, env, signal, log: log.fd });
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    this.#running = { child, exited };
    await log.close();
    let over = false;
    void exited.then(() => (over = true));
    while (!over) {
      signal.throwIfAborted();
      const postmaster = await findPostmaster(this.dataDirectory);
      if (postmaster?.status === 'ready') return [];
      await sleep(pollMs);
    }
    this.#running = null;
    return this.inOwnWords(whyNotStarted(await this.log()));
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    running.child.kill('SIGINT');
    const forced = setTimeout(() => running.child.kill('SIGKILL'), stopMs);
    await running.exited;
    clearTimeout(forced);
  }

  log(): Promise<string> {
    return readFile(this.#logFile, 'utf8').catch(() => '');
  }

  /** Paths and line numbers as the live server's owner knows them. */
  inOwnWords(problems: readonly Problem[]): readonly Problem[] {
    const { tree, before, candidate } = this.#options;
    const words = (text: string): string => inOwnWords(tree, text);
    return problems.map(({ code, message, detail, hint }) => ({
      code,
      message: shifted(words(message), [before.hba, candidate.hba]),
      ...(detail === undefined ? {} : { detail: words(detail) }),
      ...(hint === undefined ? {} : { hint: words(hint) }),
    }));
  }

  #arguments(further: Readonly<Record<string, string>>): readonly string[] {
    const { facts, tree, before, candidate, given, loopback } = this.#options;
    const named = (name: string): boolean =>
      [before, candidate].some(({ conf }) => conf.assignments.some((one) => one.name.toLowerCase() === name));
    const place: ScratchPlace = {
      dataDirectory: this.dataDirectory,
      configFile: placeIn(tree, facts.paths.config),
      hbaFile: named('hba_file') ? null : placeIn(tree, facts.paths.hba),
      identFile: named('ident_file') ? null : placeIn(tree, facts.paths.ident),
      socketDir: this.socketDir,
      port: this.port,
      loopback,
    };
    return commandLine(place, (name) => facts.contexts[name] !== undefined, given, further);
  }

  /** Mode and owner are the server's to judge; what it may read by a group that a scratch server has not becomes its own. */
  async #write(path: string, { uid, gid, mode }: ConfigFile, content: string): Promise<void> {
    const { owner, user, groups } = this.#options.binaries;
    await writeFile(path, Buffer.from(content, 'latin1'), { mode: 0o600 });
    const byGroup = (mode & 0o044) === 0o040 && gid !== owner.gid && groups.includes(gid);
    const asOwn = uid !== owner.uid && (user === null || byGroup);
    if (user !== null) await (asOwn ? give(path, user) : chown(path, uid, gid));
    await chmod(path, asOwn ? 0o600 : mode & 0o777);
  }

  /** Whatever the umask is, and whoever makes it. */
  async #makeFolder(folder: string): Promise<void> {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (made === undefined) return;
    for (let path = folder; isInside(made, path); path = dirname(path)) await give(path, this.#options.binaries.user);
  }
}

/** `… line 3: …` of the rules, without the rule of our own that stands first. */
function shifted(message: string, mains: readonly string[]): string {
  const match = /^(.*?) line (\d+): (.*)$/s.exec(message);
  const [, file = '', line = '', rest = ''] = match ?? [];
  return match !== null && mains.includes(file) ? `${file} line ${Number(line) - 1}: ${rest}` : message;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
