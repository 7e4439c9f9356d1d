/** Rescue with real parts: what the command line calls on the database host. */
import { rescueAbandon, rescueRevert, rescueShow } from '../agent/rescue.ts';
import type { Rescued, Shown } from '../agent/rescue.ts';
import type { AgentConfig } from '../domain/config.ts';
import { openTarget } from './open-target.ts';

export interface Rescue {
  show(): Promise<Shown>;
  revert(): Promise<Rescued>;
  abandon(input: { readonly who: string; readonly why: string }): Promise<Rescued>;
}

export function rescue(config: AgentConfig, say: (line: string) => void = () => undefined): Rescue {
  const log = { info: say, warn: say };
  return {
    show: () => rescueShow(config, log),
    revert: () => rescueRevert(config, { openTarget, say, log }),
    abandon: (input) => rescueAbandon(config, { ...input, log }),
  };
}
