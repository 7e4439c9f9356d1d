/** Snapshots of changes that are not armed yet: the newest one is at hand, any other is sealed in the store. */
import type { Captured } from '../targets/target.ts';
import type { AgentParts } from './agent-parts.ts';
import { fromStore } from './from-store.ts';

export interface Candidates {
  keep(id: string, captured: Captured): void;
  /** null: unknown. Throws when only another key opens it. */
  find(id: string): Promise<Captured | null>;
}

export function createCandidates(parts: Pick<AgentParts, 'state' | 'store'>): Candidates {
  /** `plan` follows on `snapshot` within moments. */
  let newest: { readonly id: string; readonly captured: Captured } | null = null;
  return {
    keep: (id, captured) => void (newest = { id, captured }),
    async find(id) {
      if (newest?.id === id) return newest.captured;
      const sealed = await fromStore(parts, (store) => store.sealedBody(id));
      return sealed === null ? null : parts.state.bodies.open(sealed);
    },
  };
}
