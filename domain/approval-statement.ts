/** The text that a signed approval signs: one for each approval, read by people, and bound to one plan of one run. */
import type { Risk } from './phase.ts';
import type { Problem } from './problem.ts';

/** SSHSIG's namespace: a signature for anything else (a commit, a login) is none for this. */
export const approvalNamespace = 'knowngood-approval@v1';

export interface ApprovalStatement {
  readonly target: string;
  readonly changeId: string;
  readonly workflowId: string;
  /** After a Reset another run asks, and is asked anew. */
  readonly runId: string;
  /** null: of a change whose effect nobody can know beforehand. */
  readonly planHash: string | null;
  readonly risk: Risk | null;
  /** As the signer calls himself; the key tells who it is. */
  readonly who: string;
  readonly why: string;
  /** ISO 8601, UTC. */
  readonly signedAt: string;
}

const title = 'knowngood approval v1';
const unknown = 'unknown';

/** What people wrote is quoted as JSON: a line break in it is no line of ours. */
export function statementText(statement: ApprovalStatement): string {
  const { target, changeId, workflowId, runId, planHash, risk, who, why, signedAt } = statement;
  return `${title}
target: ${target}
change: ${changeId}
workflow: ${workflowId}
run: ${runId}
plan: ${planHash ?? unknown}
risk: ${risk ?? unknown}
approver: ${JSON.stringify(who)}
reason: ${JSON.stringify(why)}
signed: ${signedAt}
`;
}

const form =
  /^[^\n]*\ntarget: ([^\n]*)\nchange: ([^\n]*)\nworkflow: ([^\n]*)\nrun: ([^\n]*)\nplan: ([^\n]*)\nrisk: (low|high|refused|unknown)\napprover: ([^\n]*)\nreason: ([^\n]*)\nsigned: (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z)\n$/;

/** null: not a text of that form, letter by letter. */
export function readStatement(text: string): ApprovalStatement | null {
  const [, target = '', changeId = '', workflowId = '', runId = '', planHash = '', risk = '', ...said] =
    form.exec(text) ?? [];
  const [who = '', why = '', signedAt = ''] = said;
  const statement: ApprovalStatement = {
    target,
    changeId,
    workflowId,
    runId,
    planHash: planHash === unknown ? null : planHash,
    risk: risk === unknown ? null : (risk as Risk),
    who: quoted(who),
    why: quoted(why),
    signedAt,
  };
  // Whatever was read otherwise than it would be written is another text.
  return statementText(statement) === text ? statement : null;
}

function quoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return '';
  }
}

/** A clock that goes wrong, and a person who takes their time. */
const aheadMs = 5 * 60_000;
const oldMs = 60 * 60_000;

/** Why this text approves nothing here; null: it does, if the signature is good. */
export function refuseStatement(
  said: ApprovalStatement,
  asked: Omit<ApprovalStatement, 'who' | 'why' | 'signedAt'>,
  now: number,
): Problem | null {
  const other = (code: string, what: string, is: string | null, wants: string | null): Problem => ({
    code,
    message: `the signed text is about ${what} ${is ?? unknown}, not ${wants ?? unknown}`,
    hint: 'Sign again: --sign shows what is signed.',
  });
  if (said.target !== asked.target) return other('wrong-change', 'target', said.target, asked.target);
  if (said.changeId !== asked.changeId) return other('wrong-change', 'change', said.changeId, asked.changeId);
  if (said.workflowId !== asked.workflowId) return other('wrong-change', 'workflow', said.workflowId, asked.workflowId);
  if (said.planHash !== asked.planHash) return other('wrong-plan', 'plan', said.planHash, asked.planHash);
  if (said.risk !== asked.risk) return other('wrong-plan', 'risk', said.risk, asked.risk);
  if (said.runId !== asked.runId) return other('approval-stale', 'run', said.runId, asked.runId);
  const ageMs = now - Date.parse(said.signedAt);
  if (!(ageMs >= -aheadMs))
    return {
      code: 'signature-ahead',
      message: `the approval was signed in the future, at ${said.signedAt}`,
      hint: "Set the signer's clock.",
    };
  if (ageMs > oldMs)
    return {
      code: 'signature-too-old',
      message: `the approval was signed more than an hour ago, at ${said.signedAt}`,
      hint: 'Sign again.',
    };
  return null;
}
