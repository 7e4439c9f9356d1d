/** Telling people: resolves a channel's name against knowngood.yaml of this moment, and sends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo, Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { notifyPlanOf } from '../config/notify.ts';
import type { KnowngoodConfig } from '../domain/config.ts';
import { suggestion } from '../domain/nearest.ts';
import type { ChannelConfig } from '../domain/notify/config.ts';
import { workflowLink } from '../domain/notify/link.ts';
import type { NotifyActivities } from '../domain/notify/steps.ts';
import { type Egress, openEgress } from '../notify/egress.ts';
import { acknowledgedThere } from '../notify/pagerduty.ts';
import { send } from '../notify/send.ts';
import { explained } from './failure.ts';

/** A receiver may ask for longer; then another channel is the better way. */
const longestPauseMs = 60_000;
const heartbeatMs = 5_000;

export function createNotifyActivities({
  config,
  resolveSecret,
  ownUi = null,
}: {
  readonly config: () => Promise<KnowngoodConfig>;
  readonly resolveSecret: (text: string) => Promise<string>;
  /** Of the Web UI that this process has started itself; knowngood.yaml's own comes first. */
  readonly ownUi?: string | null;
}): NotifyActivities {
  const read = (): Promise<KnowngoodConfig> => explained('InvalidRequest', config);

  return {
    async deliver({ telling, channel: name }) {
      const { notify, uiAddress } = await read();
      const channel = channelNamed(notify.teams, name);
      if (channel === null) return { kind: 'failed', why: 'it stands in knowngood.yaml no more' };
      const link = workflowLink(uiAddress ?? ownUi, activityInfo().namespace, telling.notice.workflowId);
      const answer = await through(openEgress(notify), (egress) =>
        send(channel, { ...telling, link }, { egress, smtp: notify.smtp, resolveSecret }),
      );
      if (answer.kind === 'delivered') return { kind: 'delivered', at: Date.now(), said: answer.said };
      if (!answer.again) return { kind: 'failed', why: answer.why };
      throw ApplicationFailure.create({
        type: 'NotDelivered',
        message: answer.why,
        ...(answer.retryAfterMs === null ? {} : { nextRetryDelay: Math.min(answer.retryAfterMs, longestPauseMs) }),
      });
    },

    async awaitAcknowledgement({ notice, channel: name }) {
      const { cancellationSignal, heartbeat } = Context.current();
      // Of the first attempt: it was told right before.
      const { scheduledTimestampMs: toldAt } = activityInfo();
      const timer = setInterval(() => heartbeat(), heartbeatMs);
      try {
        for (;;) {
          const { notify } = await read();
          const channel = channelNamed(notify.teams, name);
          const pager = channel?.kind === 'pagerduty' ? channel : null;
          const who = await through(openEgress(notify), async (egress) =>
            pager === null ? null : acknowledgedThere(pager, notice, toldAt, { egress, smtp: null, resolveSecret }),
          ).catch(() => null);
          if (who !== null) return { who };
          await sleep(pager?.askEveryMs ?? 60_000, undefined, { signal: cancellationSignal });
        }
      } catch (error) {
        cancellationSignal.throwIfAborted();
        throw error;
      } finally {
        clearInterval(timer);
      }
    },

    notifyPlan: async ({ target }) => notifyPlanOf(await read(), target),

    async channelsOf({ team }) {
      const { notify } = await read();
      const found = notify.teams.find(({ name }) => name === team);
      if (found !== undefined)
        return { kind: 'channels', channels: found.channels.map(({ name, kind }) => ({ name, kind })) };
      const hint = suggestion(
        team,
        notify.teams.map(({ name }) => name),
      );
      const message = `knowngood.yaml has no team "${team}"`;
      return {
        kind: 'refused',
        problems: [{ code: 'unknown-team', message, ...(hint === undefined ? {} : { hint }) }],
      };
    },
  };
}

function channelNamed(
  teams: readonly { readonly channels: readonly ChannelConfig[] }[],
  name: string,
): ChannelConfig | null {
  return teams.flatMap(({ channels }) => channels).find((channel) => channel.name === name) ?? null;
}

/** A worker that stops does not wait for a receiver: the try is cut, and made again elsewhere. */
async function through<T>(egress: Egress, work: (egress: Egress) => Promise<T>): Promise<T> {
  const { cancellationSignal } = Context.current();
  const cut = (): void => void egress.close();
  cancellationSignal.addEventListener('abort', cut, { once: true });
  try {
    return await work(egress);
  } finally {
    cancellationSignal.removeEventListener('abort', cut);
    await egress.close();
  }
}
