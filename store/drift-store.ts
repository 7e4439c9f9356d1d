/** What the store remembers of drift, and of configurations that people have accepted. */
import type { Looks } from '../domain/drift/looks.ts';
import type { RememberedDrift } from '../domain/drift/telling.ts';
import type { Approval } from '../domain/view.ts';

export interface SeenDrift {
  readonly fingerprint: string;
  readonly knownGoodId: string;
  readonly snapshotId: string;
  /** Keys of what drifts. */
  readonly items: readonly string[];
  /** Unix ms. */
  readonly at: number;
  /** Unix ms; null: not known. */
  readonly knownGoodAt: number | null;
}

export interface Acceptance {
  readonly acceptId: string;
  readonly snapshotId: string;
  readonly requestedBy: string;
  readonly reason: string;
  readonly approvals: readonly Approval[];
}

export interface DriftTold {
  /** Unix ms. */
  readonly at: number;
  /** Keys of the notices that call people until somebody acknowledges. */
  readonly ringing: readonly string[];
  /** Of which the notice spoke. */
  readonly dependents: readonly string[];
}

export interface DriftStore {
  /** The newest one, gone or not; null: there never was one. */
  drift(target: string): Promise<RememberedDrift | null>;
  /** Unix ms of the last look that saw none. */
  cleanAt(target: string): Promise<number | null>;
  /** The same as before is one drift that goes on; another one takes its place. */
  sawDrift(target: string, seen: SeenDrift): Promise<RememberedDrift>;
  /** The newest one, which is gone by now; null: there never was one. */
  sawNoDrift(target: string, at: number): Promise<RememberedDrift | null>;
  /** Nobody could look at the target, `at` Unix ms. */
  missedLook(target: string, at: number): Promise<Looks>;
  /** Whether looks at it fail, and what people know of that. */
  looks(target: string): Promise<Looks>;
  /** People have heard, `at` Unix ms, that looks fail; null: that they do not any more. */
  toldLooks(target: string, at: number | null): Promise<void>;
  /** People know of it as it is in `drift`: that it is there, or that it is gone. */
  toldDrift(drift: RememberedDrift, told: DriftTold): Promise<void>;
  /**
   * The snapshot becomes known-good, if `instead` still is (null: if nothing is). Idempotent by (target, acceptId) with the
   * same snapshot; `taken`: that id has accepted another one.
   */
  accept(target: string, acceptance: Acceptance, instead: string | null): Promise<'accepted' | 'moved' | 'taken'>;
  /** The newest one of this snapshot; null: nobody did. */
  acceptance(target: string, snapshotId: string): Promise<(Acceptance & { readonly acceptedAt: Date }) | null>;
}
