/** A house in which people approve: who they are, in which groups, and what is asked of them by risk. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rig, RigSettings } from './rig.ts';
import type { KeyPair } from './ssh-agent.ts';

/** `anna` and `kim` sign; of low risk are two groups asked, of high one signature. */
export function peopleWhoApprove({
  anna,
  kim,
}: Readonly<Record<'anna' | 'kim', KeyPair>>): Pick<RigSettings, 'policy' | 'approvers'> {
  return {
    policy: `approvals: { expire: 60s, groups: { low: { dba: 1, security: 1 } }, high: 1, signed: high }`,
    approvers: `
approvers:
  anna: { identities: [anna@example.com, anna@laptop], keys: ['${anna.line}'] }
  kim: { identities: [kim@example.com], keys: ['${kim.line}'] }
  sam: {}
groups: { dba: [anna, kim], security: [kim, sam] }
`,
  };
}

/** A private key as `ssh-keygen` leaves it: nobody else may read it. */
export function keyFileIn({ folder }: Rig, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  // An earlier file of that name keeps its mode.
  chmodSync(path, 0o600);
  return path;
}
