/** What `init` finds on a live server: enough to write two configuration files for it. */

export interface Survey {
  /** `17.10`. */
  readonly version: string;
  /** null: the role may not be told. */
  readonly dataDirectory: string | null;
  readonly configFile: string | null;
  readonly inRecovery: boolean;
  /** The server runs on this host, as far as can be seen. */
  readonly here: boolean;
  readonly superuser: boolean;
  readonly user: string;
  readonly restart: RestartFound | null;
  /** Sorted by name: who logs in, as pg_hba.conf and the open sessions show it. */
  readonly services: readonly Service[];
  /** Roles that may log in, of whom nothing was seen. */
  readonly quiet: readonly string[];
  /** What could not be looked at, and why. */
  readonly unseen: readonly string[];
}

export interface RestartFound {
  readonly argv: readonly string[];
  /** How it was found: `Debian's cluster 17/main`. */
  readonly because: string;
  /** Found for certain; else a suggestion. */
  readonly sure: boolean;
}

export interface Service {
  readonly role: string;
  readonly access: readonly ServiceAccess[];
  /** Names that its sessions give themselves. */
  readonly applications: readonly string[];
}

export interface ServiceAccess {
  readonly database: string;
  /** Address or network; null: a socket, or not said. */
  readonly from: string | null;
  readonly tls: boolean;
  /** `pg_hba.conf line 12`, `seen connected`. */
  readonly source: string;
}
