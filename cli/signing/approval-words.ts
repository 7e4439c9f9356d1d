/** What `approve` takes and sends, of a change as of an acceptance: a note, words bound to a plan, or a signed text. */
import type { Command } from 'commander';
import type { Words } from '../../client/change-handle.ts';
import type { Context } from '../context.ts';
import { stop } from '../stop.ts';
import { type Approvable, type SignOptions, mustBePlan, signApproval } from './sign-approval.ts';

export interface ApproveOptions extends SignOptions {
  readonly sign?: boolean;
}

/** `hashOf`: what `--plan-hash` names. */
export function addApproveOptions(command: Command, hashOf: string): Command {
  return command
    .option('--sign', 'sign it with an Ed25519 SSH key, for a policy that takes no claims')
    .option(
      '--key <file>',
      'private key, or the .pub of a key in the SSH agent (default: the agent, then ~/.ssh/id_ed25519)',
    )
    .option('--plan-hash <hash>', `only if this is still the ${hashOf}`);
}

export function mustFit({ key, sign }: ApproveOptions): void {
  if (key !== undefined && sign !== true) throw stop({ code: 'usage', message: '--key goes with --sign' });
}

/** `see` is asked only where the words depend on it. */
export async function approvalWords(
  context: Context,
  options: ApproveOptions,
  see: () => Promise<Approvable>,
): Promise<Words> {
  const who = options.as ?? context.client.identity;
  if (options.sign === true) return signApproval(context, await see(), options);
  if (options.planHash === undefined) return noteOf(who, options.reason);
  return { who, why: options.reason ?? '', planHash: mustBePlan(await see(), options.planHash) ?? '' };
}

/** A name may not hold a colon: the first one ends it. */
export function noteOf(who: string, reason = ''): string {
  return `${who.replaceAll(':', ' ')}: ${reason}`.trim();
}
