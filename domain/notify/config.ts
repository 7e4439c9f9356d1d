/** How people are told, as knowngood.yaml has it: every default filled in, secrets still references. */
import type { NoticeKind, Severity } from './notice.ts';
import type { EscalationStep, Route } from './plan.ts';

interface ChannelCommon {
  /** `<team>/<kind>`, with a digest of what is written where the team has several of its kind. */
  readonly name: string;
  /** null: all. */
  readonly events: readonly NoticeKind[] | null;
  /** The least that goes there. */
  readonly severity: Severity;
}

export interface SlackChannel extends ChannelCommon {
  readonly kind: 'slack';
  /** A secret reference to an incoming webhook's address. */
  readonly url: string;
}

export interface PagerDutyChannel extends ChannelCommon {
  readonly kind: 'pagerduty';
  /** A secret reference. */
  readonly routingKey: string;
  /** A secret reference; null: nobody is asked who has acknowledged there. */
  readonly apiToken: string | null;
  readonly eventsAddress: string;
  readonly apiAddress: string;
  readonly askEveryMs: number;
}

export interface EmailChannel extends ChannelCommon {
  readonly kind: 'email';
  readonly to: readonly string[];
}

export interface WebhookChannel extends ChannelCommon {
  readonly kind: 'webhook';
  /** An address, or a secret reference to one. */
  readonly url: string;
  /** Values may hold secret references. */
  readonly headers: Readonly<Record<string, string>>;
}

export type ChannelConfig = SlackChannel | PagerDutyChannel | EmailChannel | WebhookChannel;

export interface SmtpConfig {
  readonly host: string;
  readonly port: number;
  readonly tls: 'starttls' | 'tls' | 'none';
  readonly user: string | null;
  /** A secret reference. */
  readonly password: string | null;
  readonly from: string;
}

export interface NotifyConfig {
  readonly teams: readonly { readonly name: string; readonly channels: readonly ChannelConfig[] }[];
  readonly smtp: SmtpConfig | null;
  /** Addresses, networks and host names that may be private. */
  readonly allowPrivate: readonly string[];
  /** null: the usual ones. `targets` null: of all. */
  readonly routes: readonly (Route & { readonly targets: readonly string[] | null })[] | null;
  readonly escalation: readonly EscalationStep[];
  readonly repeatMs: number;
  readonly giveUpMs: number;
  /** For one try at one channel. */
  readonly timeoutMs: number;
  readonly tries: number;
}
