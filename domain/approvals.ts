/** Whose approval counts, and when there are enough. Pure, and not of guarded changes only: the rules say what is approved. */
import { type Approver, personOf, plain, sameName } from './approvers.ts';
import { countText } from './format.ts';
import type { OperatorInput } from './operator-input.ts';
import type { PlanSummary } from './plan.ts';
import type { Problem } from './problem.ts';
import type { Approval, SignedBy } from './view.ts';

export interface ApprovalRules {
  /** Different people. */
  readonly needed: number;
  readonly fourEyes: boolean;
  readonly requestedBy: string;
  /** Who sent the request to Temporal, as a claim: a person that is known does not hide behind `requestedBy`. */
  readonly startedBy?: string | null;
  readonly target?: string;
  readonly changeId: string;
  /** What approvals are bound to; null for a change whose effect nobody can know beforehand. */
  readonly planHash: string | null;
  /** How many of them must be members of each group. A person has a seat in each group that it is a member of. */
  readonly groups?: Readonly<Record<string, number>>;
  /** A claim is not enough. */
  readonly signed?: boolean;
  /** The command that approves it; absent: `knowngood approve`. */
  readonly approveWith?: string;
  /** Nobody else approves; absent: anybody may, under the name that is claimed. */
  readonly approvers?: readonly Approver[];
}

/** Everything that can be told without knowing who sent the request: the Update's validator. */
export function refuseApproval(rules: ApprovalRules, input: OperatorInput): Problem | null {
  if (input.changeId !== null && input.changeId !== rules.changeId)
    return { code: 'wrong-change', message: `this change is ${rules.changeId}, not ${input.changeId}` };
  if (input.planHash !== null && input.planHash !== rules.planHash)
    return {
      code: 'wrong-plan',
      message: 'the plan has changed since it was read',
      detail: `The plan's hash is now ${rules.planHash ?? 'not known'}.`,
      hint: 'Read the current details again and approve what they show.',
    };
  if (rules.signed && input.signed === undefined)
    return {
      code: 'signature-needed',
      message: 'only a signed approval counts here',
      hint: `Run: ${rules.approveWith ?? 'knowngood approve'} ${rules.target === undefined ? '' : `${rules.target}:`}${rules.changeId} --sign`,
    };
  return null;
}

/** What the name in the argument tells beforehand; whose request, and whose key it is, only an activity can tell. */
export function refuseName(
  rules: ApprovalRules,
  input: Pick<OperatorInput, 'who' | 'signed'>,
  given: readonly Approval[],
): Problem | null {
  if (input.signed !== undefined || input.who === null) return null;
  const named = personOf(rules.approvers ?? [], input.who)?.name ?? input.who;
  return refuseApprover(rules, given, { who: named, claim: null });
}

export interface Approving {
  /** The name in the argument. */
  readonly typed: string | null;
  /** The identity in the request. */
  readonly claim: string | null;
  /** Proven by a signature, with the groups as they are now. */
  readonly signedBy?: SignedBy & { readonly groups: readonly string[] };
}

/** Whose approval it is. A name in the argument adds to the claim, it never replaces it; a signature needs neither. */
export function whoApproves(
  { approvers }: Pick<ApprovalRules, 'approvers'>,
  { typed, claim, signedBy }: Approving,
): { readonly who: string; readonly groups: readonly string[] } | Problem {
  const byName = personOf(approvers ?? [], typed);
  if (signedBy !== undefined) {
    if (byName !== null && byName.name !== signedBy.name) return twoNames(`key of ${signedBy.name}`, byName.name);
    return { who: signedBy.name, groups: signedBy.groups };
  }
  if (approvers === undefined) return { who: typed ?? claim ?? 'an operator', groups: [] };
  const byClaim = personOf(approvers, claim);
  if (byName !== null && byClaim !== null && byName.name !== byClaim.name)
    return twoNames(`request of ${byClaim.name} (${claim ?? ''})`, byName.name);
  const person = byName ?? byClaim;
  if (person !== null) return { who: person.name, groups: person.groups };
  const names = approvers.map(({ name }) => name);
  return {
    code: 'not-an-approver',
    message: `${typed ?? claim ?? 'a request without a name'} is none of the approvers`,
    hint: `Send "name: reason"${names.length > mostNames ? '' : `, with one of: ${names.join(', ')}`}.`,
  };
}

const mostNames = 20;

function twoNames(proof: string, typed: string): Problem {
  return { code: 'another-name', message: `the ${proof} cannot approve in the name of ${typed}` };
}

/** What only the sender's identity can tell. */
export function refuseApprover(
  rules: ApprovalRules,
  given: readonly Approval[],
  approval: Pick<Approval, 'who' | 'claim' | 'signedBy'>,
): Problem | null {
  // A signature tells who it is; through whose terminal it came says nothing then.
  const names = [approval.who, approval.signedBy === undefined ? approval.claim : null].filter((name) => name !== null);
  const own = requesters(rules);
  if (rules.fourEyes && names.some((name) => own.has(plain(personName(rules, name)))))
    return {
      code: 'own-approval',
      message: `${rules.requestedBy} requested this change and cannot approve it`,
      ...(sameName(approval.who, rules.requestedBy) ? {} : { detail: `${approval.who} counts as the same person.` }),
      hint: 'Somebody else has to approve it.',
    };
  if (given.some((earlier) => names.some((name) => sameName(personName(rules, name), earlier.who))))
    return { code: 'approved-already', message: `${approval.who} has approved this plan already` };
  return refuseSharedClaim(rules, given, approval);
}

/** Of known people each has a client of their own: else one of them could type the names of all. */
function refuseSharedClaim(
  { approvers }: ApprovalRules,
  given: readonly Approval[],
  { claim, signedBy }: Pick<Approval, 'claim' | 'signedBy'>,
): Problem | null {
  if (approvers === undefined || claim === null || signedBy !== undefined) return null;
  const earlier = given.find((one) => one.signedBy === undefined && one.claim !== null && sameName(one.claim, claim));
  if (earlier === undefined) return null;
  return {
    code: 'same-client',
    message: `${claim} has approved this plan already, as ${earlier.who}`,
    hint: 'Each person approves from a client identity of their own, or signs.',
  };
}

function personName({ approvers = [] }: ApprovalRules, name: string): string {
  return personOf(approvers, name)?.name ?? name;
}

/** All the names under which the requester is known; what started the workflow counts only where it is a known person. */
function requesters(rules: ApprovalRules): ReadonlySet<string> {
  const starter = personOf(rules.approvers ?? [], rules.startedBy);
  const names = [rules.requestedBy, personName(rules, rules.requestedBy), ...(starter === null ? [] : [starter.name])];
  return new Set(names.map(plain));
}

export interface Missing {
  readonly people: number;
  readonly groups: readonly { readonly group: string; readonly people: number }[];
}

/** Whoever was let in twice, or has requested it, counts once or not at all: rules may have changed since. */
export function missingApprovals(rules: ApprovalRules, given: readonly Approval[]): Missing {
  const own = rules.fourEyes ? requesters(rules) : new Set<string>();
  const people = new Map(given.map((approval) => [plain(approval.who), approval]));
  const counting = [...people].filter(([who]) => !own.has(who)).map(([, approval]) => approval);
  const groups = Object.entries(rules.groups ?? {}).map(([group, needed]) => {
    const members = counting.filter((approval) => approval.groups?.includes(group));
    return { group, people: Math.max(0, needed - members.length) };
  });
  return {
    people: Math.max(0, rules.needed - counting.length),
    groups: groups.filter(({ people: left }) => left > 0),
  };
}

export function isApproved(rules: ApprovalRules, given: readonly Approval[]): boolean {
  const { people, groups } = missingApprovals(rules, given);
  return people === 0 && groups.length === 0;
}

/** `1 of dba, 2 in all`; '' when nothing is. */
export function missingText({ people, groups }: Missing): string {
  const byGroup = groups.map(({ group, people: left }) => `${left} of ${group}`);
  if (people === 0 || (groups.length === 1 && groups[0]?.people === people)) return byGroup.join(', ');
  return [...byGroup, byGroup.length === 0 ? `${people}` : `${people} in all`].join(', ');
}

/** That nobody is left who could: better said at once than waited for until it expires. */
export function hopelessApprovals(rules: ApprovalRules): Problem | null {
  const { approvers, needed, groups = {}, signed = false } = rules;
  if (approvers === undefined) return null;
  const own = rules.fourEyes ? requesters(rules) : new Set<string>();
  const able = approvers.filter(({ name, signs }) => !own.has(plain(name)) && (signs || !signed));
  const short = [
    ...(able.length < needed ? [`${countText(needed, 'approval')} needed, ${able.length} possible`] : []),
    ...Object.entries(groups).flatMap(([group, quota]) => {
      const members = able.filter((approver) => approver.groups.includes(group)).length;
      return members < quota ? [`${quota} of ${group} needed, ${members} possible`] : [];
    }),
  ];
  if (short.length === 0) return null;
  return {
    code: 'nobody-can-approve',
    message: `not enough people can approve a change that ${rules.requestedBy} requests: ${short.join('; ')}`,
    hint: `Add approvers${signed ? ' and their keys' : ''} to knowngood.yaml, or let somebody else request it.`,
  };
}

type Approved = Pick<PlanSummary, 'hash' | 'risk' | 'access'>;

/** Approvals outlive a new plan only when the plan is the same, risk included, and nobody else loses access by it. */
export function stillApproved(before: Approved | null, after: Approved | null): boolean {
  if (before?.hash !== after?.hash || before?.risk !== after?.risk) return false;
  const known = new Set(losing(before));
  return losing(after).every((one) => known.has(one));
}

function losing(plan: Approved | null): readonly string[] {
  const { lost = [], unknown = [] } = plan?.access ?? {};
  return [...lost, ...unknown].map(({ user, database, from, tls, need = '' }) =>
    JSON.stringify([user, database, from, tls, need]),
  );
}
