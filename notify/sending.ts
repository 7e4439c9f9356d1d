/** What a channel needs to send: the way out, and secrets at the last moment. */
import type { SmtpConfig } from '../domain/notify/config.ts';
import type { Egress } from './egress.ts';

export interface Sending {
  readonly egress: Egress;
  readonly smtp: SmtpConfig | null;
  /** Replaces references in a text; errors name the reference, never the secret. */
  readonly resolveSecret: (text: string) => Promise<string>;
}
