/** A decision about one change as data, recorded as it falls: beside the sentence in the timeline, and never read from it. */
import type { ReasonCode } from './result.ts';

/** What people say to a change. */
export type SpokenWord = 'approve' | 'reject' | 'abort' | 'confirm' | 'extend' | 'abandon' | 'acknowledge';

/** What the policy makes of the measurements, of what people said, and of silence. */
export type RulingWord = 'keep' | 'revert' | 'revert-in-part';

export interface RecordedDecision {
  /** Unix ms. */
  readonly at: number;
  readonly word: SpokenWord | RulingWord;
  /** As it was said; of a signed approval whose key it is; '' when nobody was named, as with a ruling. */
  readonly who: string;
  /** '' when not said. */
  readonly why: string;
  /** What the client claimed to be; null: it sent nothing. Absent: nobody asked, as of what must not wait. */
  readonly claim?: string | null;
  /** Fingerprint of the key by which it was signed. Absent: it was not. */
  readonly key?: string;
  /** Of a ruling: what brought it about. */
  readonly reason?: ReasonCode;
  /** Of `extend`. */
  readonly extendedMs?: number;
  /** Why it did not count, or no longer does. Absent: it did. */
  readonly refused?: string;
}
