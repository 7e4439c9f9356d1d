/** The people who may approve: one person, under however many names a client claims to be them. */

export interface Approver {
  /** As knowngood.yaml has it; it counts as one of the identities. */
  readonly name: string;
  /** What a client may claim in a request, or a person type; compared without regard to case. */
  readonly identities: readonly string[];
  readonly groups: readonly string[];
  /** Has a key of which signatures are taken. */
  readonly signs: boolean;
}

/** null: none of them. */
export function personOf(approvers: readonly Approver[], name: string | null | undefined): Approver | null {
  if (name === null || name === undefined) return null;
  const isIt = (other: string): boolean => sameName(name, other);
  return approvers.find((approver) => isIt(approver.name) || approver.identities.some(isIt)) ?? null;
}

export function sameName(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

/** For sets and maps of names. */
export function plain(name: string): string {
  return name.trim().toLowerCase();
}
