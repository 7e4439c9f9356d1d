/** Makes a signed approval of a change as it is now, after showing to a person what would be signed. */
import { confirm, isCancel } from '@clack/prompts';
import { approvalNamespace, statementText } from '../../domain/approval-statement.ts';
import type { ApproverConfig } from '../../domain/config.ts';
import type { ChangeView } from '../../domain/view.ts';
import type { ChangeHandle, SignedWords } from '../../client/change-handle.ts';
import { readPublicKeyLine } from '../../signing/public-key.ts';
import { armored, bytesToSign } from '../../signing/sshsig.ts';
import type { Context } from '../context.ts';
import { renderPlan } from '../render/plan.ts';
import { verbatim } from '../render/text.ts';
import { must, stop } from '../stop.ts';
import { chooseSigner } from './choose-signer.ts';

export interface SignOptions {
  readonly reason?: string;
  readonly as?: string;
  readonly key?: string;
  readonly planHash?: string;
}

export async function signApproval(
  context: Context,
  change: ChangeHandle,
  options: SignOptions,
): Promise<SignedWords & { readonly fingerprint: string }> {
  const { io, config, client } = context;
  const { runId } = must(await change.run());
  const { view } = must(await change.view());
  const { plan, phase, possible } = view;
  if (!possible.includes('approve'))
    throw stop({ code: 'wrong-phase', message: `approve has no effect in phase ${phase}` });
  mustBePlan(view, options.planHash);
  const owners = ownersOf(config?.approvers);
  const signer = await chooseSigner(io, options.key, owners === null ? null : new Set(owners.keys()));
  const { fingerprint, blob } = signer.publicKey;
  const statement = statementText({
    target: change.target,
    changeId: change.changeId,
    workflowId: change.workflowId,
    runId,
    planHash: plan?.hash ?? null,
    risk: plan?.risk ?? null,
    who: options.as ?? owners?.get(fingerprint) ?? client.identity,
    why: options.reason ?? '',
    signedAt: new Date().toISOString(),
  });
  if (plan !== null && io.interactive) io.err(renderPlan(plan, io.colors));
  io.err(`signed with ${fingerprint} of ${signer.where}:\n${verbatim(statement)}`);
  if (io.interactive && !(await agreed())) throw stop({ code: 'not-signed', message: 'nothing was signed' });
  const raw = await signer.sign(bytesToSign(statement, approvalNamespace)).catch((error: unknown) => {
    throw stop({ code: 'not-signed', message: error instanceof Error ? error.message : String(error) });
  });
  return { statement, signature: armored(blob, approvalNamespace, raw), fingerprint };
}

/** A dozen of its characters name a plan, as `knowngood plan` shows it. */
export function mustBePlan({ plan }: ChangeView, wanted: string | undefined): string | null {
  const hash = plan?.hash ?? null;
  if (wanted === undefined || (hash !== null && wanted.length >= shortestHash && hash.startsWith(wanted))) return hash;
  throw stop({
    code: 'wrong-plan',
    message:
      wanted.length < shortestHash
        ? `--plan-hash needs at least ${shortestHash} characters`
        : 'the plan has changed since it was read',
    detail: `The plan's hash is now ${hash ?? 'not known'}.`,
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
