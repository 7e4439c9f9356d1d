/** What the agent's steps share. */
import type { AgentConfig } from '../domain/config.ts';
import type { AgentStore } from './snapshot-store.ts';
import type { Target } from '../targets/target.ts';
import type { Clock } from './host.ts';
import type { Observing } from './observe.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { Log } from './log.ts';
import type { Reverter } from './reverter.ts';
import type { Spool } from './spool.ts';
import type { StateFolder } from './state-folder.ts';

export interface AgentParts {
  readonly config: AgentConfig;
  readonly target: Target;
  /** null: none is configured, and then no change can be armed. It may be away when it is asked for. */
  readonly store: (() => Promise<AgentStore>) | null;
  readonly state: StateFolder;
  readonly spool: Spool;
  readonly leases: LeaseKeeper;
  readonly reverter: Reverter;
  readonly observing: Pick<Observing, 'flush'>;
  readonly clock: Clock;
  readonly log: Log;
}
