/** Break glass for the command line: `agent/rescue.ts` with the target that the agent's configuration names. */
import { messageOf } from '../agent/agent-error.ts';
import { type Log, stderrLog } from '../agent/log.ts';
import { type Rescued, type Shown, rescueAbandon, rescuePlan, rescueRevert, rescueShow } from '../agent/rescue.ts';
import type { AgentConfig } from '../domain/config.ts';
import type { RevertPreview } from '../targets/target.ts';
import { openTarget } from './open-target.ts';

export interface Rescue {
  show(): Promise<Shown>;
  /** What `revert` would do now; null: no change is open. */
  plan(): Promise<RevertPreview | null>;
  /** `reopen`: what neverReopen holds back, too. */
  revert(options?: { readonly reopen: boolean }): Promise<Rescued>;
  abandon(by: { readonly who: string; readonly why: string }): Promise<Rescued>;
}

/** `say`: a line of progress; default: with everything else on stderr. */
export function rescue(config: AgentConfig, say?: (line: string) => void): Rescue {
  const log: Log = say === undefined ? stderrLog : { info: say, warn: say };
  const withoutPassword = (error: unknown): void => log.warn(`going on without SQL: ${messageOf(error)}`);
  return {
    show: () => Promise.resolve().then(() => rescueShow(config)),
    plan: () => rescuePlan(config, { openTarget: (it, key) => openTarget(it, key, withoutPassword) }),
    revert: ({ reopen } = { reopen: false }) =>
      rescueRevert(config, { openTarget: (it, key) => openTarget(it, key, withoutPassword), log, reopen }),
    abandon: (by) => rescueAbandon(config, { ...by, log }),
  };
}
