/** What a revert of this agent leaves closed, and whether somebody who may has let it be opened again. */
import { approvalNamespace, readStatement } from '../domain/approval-statement.ts';
import type { AgentConfig } from '../domain/config.ts';
import type { Journal, JournaledRuling } from '../domain/journal.ts';
import {
  type HeldRuling,
  type NeverReopen,
  nothingClosed,
  type OwnNeverReopen,
  united,
} from '../domain/never-reopen.ts';
import { readPublicKeyLine } from '../signing/public-key.ts';
import { verifiedKey } from '../signing/sshsig.ts';

export function neverReopened(
  { neverReopen: own }: Pick<AgentConfig, 'neverReopen'>,
  theirs: NeverReopen = nothingClosed,
): NeverReopen {
  return united(own, theirs);
}

/** What is left of the list after an approval: nothing, or what agent.yaml closes and this approval cannot open. */
export function afterApproval(
  { neverReopen: own }: Pick<AgentConfig, 'neverReopen'>,
  journal: Pick<Journal, 'target' | 'changeId' | 'workflowId'>,
  ruling: HeldRuling,
): NeverReopen {
  return !own.declared || isSigned(own, journal, ruling) ? nothingClosed : own;
}

/** Of this change, and of what is held back in it, by a key that agent.yaml lists: the orchestrator's word is not needed. */
function isSigned(
  { keys }: OwnNeverReopen,
  { target, changeId, workflowId }: Pick<Journal, 'target' | 'changeId' | 'workflowId'>,
  { hash, statement = '', signature = '' }: HeldRuling,
): boolean {
  const said = readStatement(statement);
  if (said === null || said.target !== target || said.changeId !== changeId) return false;
  if (said.workflowId !== workflowId || said.planHash !== hash) return false;
  const key = verifiedKey(statement, approvalNamespace, signature);
  if ('code' in key) return false;
  return keys.some((line) => {
    const listed = readPublicKeyLine(line);
    return 'blob' in listed && listed.blob.equals(key.blob);
  });
}

/** About all that is held back now, and perhaps more that is done already. */
export function covers(ruling: JournaledRuling | undefined, items: readonly string[]): ruling is JournaledRuling {
  return ruling?.items != null && items.every((item) => ruling.items?.includes(item) === true);
}
