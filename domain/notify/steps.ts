/** What workflows ask of the orchestrator about notices: names of channels go in, never their secrets. */
import type { Problem } from '../problem.ts';
import type { Notice } from './notice.ts';
import type { Channel, NotifyPlan } from './plan.ts';
import type { Telling } from './telling.ts';

export type Delivered =
  | { readonly kind: 'delivered'; /** Unix ms. */ readonly at: number; readonly said: string }
  /** Another try would change nothing. */
  | { readonly kind: 'failed'; readonly why: string };

export interface NotifyActivities {
  /** One try at one channel. Fails with `NotDelivered` where another try may help, and says when it should be. */
  deliver(input: { readonly telling: Omit<Telling, 'link'>; readonly channel: string }): Promise<Delivered>;
  /** Asks the channel now and then, until somebody has acknowledged there; ends when it is cancelled. */
  awaitAcknowledgement(input: { readonly notice: Notice; readonly channel: string }): Promise<{ readonly who: string }>;
  /** Whom to tell about a target, as knowngood.yaml has it now; null: nobody. */
  notifyPlan(input: { readonly target: string }): Promise<NotifyPlan | null>;
  /** The channels of a team, for a test of them. */
  channelsOf(input: {
    readonly team: string;
  }): Promise<
    | { readonly kind: 'channels'; readonly channels: readonly Channel[] }
    | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  >;
}
