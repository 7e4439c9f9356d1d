/** Makes a signed approval of what waits for one, as it is now, after showing to a person what would be signed. */
import { confirm, isCancel } from '@clack/prompts';
import { type ApprovalStatement, approvalNamespace, statementText } from '../../domain/approval-statement.ts';
import type { ApproverConfig } from '../../domain/config.ts';
import type { SignedWords } from '../../client/change-handle.ts';
import { readPublicKeyLine } from '../../signing/public-key.ts';
import { armored, bytesToSign } from '../../signing/sshsig.ts';
import type { Context } from '../context.ts';
import { verbatim } from '../render/text.ts';
import { stop } from '../stop.ts';
import { chooseSigner } from './choose-signer.ts';

export interface SignOptions {
  readonly reason?: string;
  readonly as?: string;
  readonly key?: string;
  readonly planHash?: string;
}

/** What waits for approval, as it is now: a guarded change, or an acceptance. */
export interface Approvable extends Pick<
  ApprovalStatement,
  'target' | 'changeId' | 'workflowId' | 'runId' | 'planHash' | 'risk'
> {
  readonly phase: string;
  readonly canBeApproved: boolean;
  /** For a person to read before they sign; null: there is nothing. */
  readonly shown: string | null;
}

export async function signApproval(
  { io, config, client }: Context,
  approvable: Approvable,
  options: SignOptions,
): Promise<SignedWords> {
  const { phase, canBeApproved, shown, ...asked } = approvable;
  if (!canBeApproved) throw stop({ code: 'wrong-phase', message: `approve has no effect in phase ${phase}` });
  mustBePlan(approvable, options.planHash);
  const owners = ownersOf(config?.approvers);
  const signer = await chooseSigner(io, options.key, owners === null ? null : new Set(owners.keys()));
  const { fingerprint, blob } = signer.publicKey;
  const statement = statementText({
    ...asked,
    who: options.as ?? owners?.get(fingerprint) ?? client.identity,
    why: options.reason ?? '',
    signedAt: new Date().toISOString(),
  });
  if (shown !== null && io.interactive) io.err(shown);
  io.err(`signed with ${fingerprint} of ${signer.where}:\n${verbatim(statement)}`);
  if (io.interactive && !(await agreed())) throw stop({ code: 'not-signed', message: 'nothing was signed' });
  const raw = await signer.sign(bytesToSign(statement, approvalNamespace)).catch((error: unknown) => {
    throw stop({ code: 'not-signed', message: error instanceof Error ? error.message : String(error) });
  });
  return { statement, signature: armored(blob, approvalNamespace, raw) };
}

/** A dozen of its characters name a plan, as `knowngood plan` shows it. */
export function mustBePlan({ planHash }: Pick<Approvable, 'planHash'>, wanted: string | undefined): string | null {
  if (wanted === undefined || (planHash !== null && wanted.length >= shortestHash && planHash.startsWith(wanted)))
    return planHash;
  throw stop({
    code: 'wrong-plan',
    message:
      wanted.length < shortestHash
        ? `--plan-hash needs at least ${shortestHash} characters`
        : 'the plan has changed since it was read',
    detail: `The plan's hash is now ${planHash ?? 'not known'}.`,
  });
}

const shortestHash = 12;

async function agreed(): Promise<boolean> {
  const answer = await confirm({ message: 'Sign this, and send it?', output: process.stderr });
  return !isCancel(answer) && answer;
}

/** Fingerprint → name; null: this file lists no approvers. */
function ownersOf(approvers: readonly ApproverConfig[] | undefined): Map<string, string> | null {
  if (approvers === undefined) return null;
  return new Map(
    approvers.flatMap(({ name, keys }) =>
      keys.flatMap((line): [string, string][] => {
        const key = readPublicKeyLine(line);
        return 'fingerprint' in key ? [[key.fingerprint, name]] : [];
      }),
    ),
  );
}
