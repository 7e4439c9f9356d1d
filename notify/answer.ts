/** How one try at a channel ended. A "no" that another try may turn into a yes says so. */
export type Answer =
  | { readonly kind: 'delivered'; /** What the receiver said, shortened. */ readonly said: string }
  | {
      readonly kind: 'failed';
      /** Plain words without secrets: no addresses that come from a reference. */
      readonly why: string;
      readonly again: boolean;
      /** The receiver's own wish; null: none. */
      readonly retryAfterMs: number | null;
    };

export function delivered(said: string): Answer {
  return { kind: 'delivered', said };
}

export function failed(why: string, again: boolean, retryAfterMs: number | null = null): Answer {
  return { kind: 'failed', why, again, retryAfterMs };
}

/** One that no other try would change is thrown as this, from wherever it is seen. */
export class Refused extends Error {}
