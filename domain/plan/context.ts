/** What planning a `config` change has to know: gathered by the target, judged by pure code. */
import type { Node } from 'libpg-query';
import type { SqlEntry } from '../change.ts';
import type { ConfigFile, FileSet } from '../snapshot/files.ts';
import type { FileView } from '../conf/conf-tree.ts';
import type { Problem } from '../problem.ts';
import type { Fingerprint } from '../snapshot/redact.ts';
import type { ValueRule } from '../conf/setting-value.ts';
import type { FileRole } from '../snapshot.ts';

/** A row of `pg_settings`. */
export interface ServerSetting extends ValueRule {
  readonly name: string;
  /** What a new session gets. */
  readonly value: string;
  readonly bootVal: string | null;
  readonly context: string;
  readonly source: string;
}

/** Where a path of a change leads, symbolic links followed. */
export interface ResolvedPath {
  /** Absolute, as PostgreSQL would name it. */
  readonly path: string;
  /** In the configuration's folders or one that the agent allows, links followed. */
  readonly inside: boolean;
  readonly exists: boolean;
  readonly parentExists: boolean;
  /** In a folder that the agent's own configuration allows by name. */
  readonly allowed: boolean;
}

export interface PlanContext {
  readonly versionNum: number;
  /** Lower-cased name → row. */
  readonly settings: ReadonlyMap<string, ServerSetting>;
  readonly before: FileSet;
  readonly paths: { readonly config: string; readonly auto: string; readonly hba: string; readonly ident: string };
  /** The disk, for what `before` does not hold. */
  readonly disk: FileView;
  readonly resolve: (path: string) => ResolvedPath;
  /** Dangerous settings that the agent allows by name. */
  readonly allowedSettings: readonly string[];
  readonly canRestart: boolean;
  /** Names of connected physical standbys. */
  readonly standbys: readonly string[];
  /** Digest as in the snapshot: keyed when the file holds a secret. */
  readonly digest: (role: FileRole, content: string) => string;
  readonly fingerprint: Fingerprint;
  /** What the server itself says about single values and privileges; lower-cased name → problem. */
  readonly serverProblems: ReadonlyMap<string, Problem>;
  readonly sql: SqlContext;
}

export interface SqlContext {
  /** The agent's own configuration allows it. */
  readonly allowed: boolean;
  /** Of the change, in its order. */
  readonly parsed: readonly ParsedSql[];
  /** Name → why nothing in it can be taken back; null: it can. */
  readonly databases: ReadonlyMap<string, string | null>;
  /** From 16 on the server makes whoever creates a role its ADMIN, which only a superuser takes back. */
  readonly mayCreateRoles: boolean;
}

export interface ParsedSql extends SqlEntry {
  /** What PostgreSQL's own parser made of it; a text: why it made nothing. */
  readonly statements: readonly Node[] | string;
}

/** Files as they would be: null is "not there". */
export type Overlay = ReadonlyMap<string, string | null>;

export function viewOf(context: PlanContext, overlay: Overlay): FileView {
  const { before, disk } = context;
  return {
    read: (path) => {
      const planned = overlay.get(path);
      return planned !== undefined ? planned : (before.get(path)?.content ?? disk.read(path));
    },
    list: (folder) => {
      const names = new Set(disk.list(folder) ?? []);
      if (names.size === 0 && disk.list(folder) === null) return null;
      for (const [path, content] of overlay) {
        if (path.slice(0, path.lastIndexOf('/')) !== folder) continue;
        const name = path.slice(folder.length + 1);
        if (content === null) names.delete(name);
        else names.add(name);
      }
      return [...names];
    },
  };
}

/** A change of one file, roles known. */
export interface PlannedFile {
  readonly path: string;
  readonly role: FileRole;
  readonly before: ConfigFile | null;
  /** null: to be removed. */
  readonly after: string | null;
}
