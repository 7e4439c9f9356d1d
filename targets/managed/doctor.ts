/** What `knowngood doctor` says about a managed target: its owner, its members, and what can be seen and put back. */
import { type DoctorCheck, failed, passed } from '../postgres/doctor-check.ts';
import { moreChecks, problemOf, restoreChecks, seenChecks } from '../postgres/doctor.ts';
import type { Prober } from '../../domain/least-privilege/prober.ts';
import type { Problem } from '../../domain/problem.ts';
import { clusterPowerChecks } from './doctor-power.ts';
import { lookManaged } from './capture.ts';
import { identifyManaged } from './identify.ts';
import type { Owned, Owner } from './owner.ts';
import { type ManagedOptions, type ManagedParts, managedPartsOf } from './parts.ts';
import { hasReadableFiles } from './privileges.ts';

/** Touches nothing. `probers`: roles of checks that are nobody's service. */
export async function managedDoctorChecks(
  options: ManagedOptions,
  probers: readonly Prober[] = [],
): Promise<readonly DoctorCheck[]> {
  const parts = managedPartsOf(options);
  try {
    return await checks(parts, probers);
  } finally {
    await Promise.all([...parts.channels().map((sql) => sql.close()), options.owner.close()]);
  }
}

async function checks(parts: ManagedParts, probers: readonly Prober[]): Promise<readonly DoctorCheck[]> {
  const { owner } = parts;
  let owned: Owned;
  try {
    owned = await owner.read();
  } catch (error) {
    return [failed(`${owner.title} answers the agent`, problemOf(error))];
  }
  const { scope, members } = owned;
  const found = [
    passed(`${owner.title} answers the agent as ${scope}`),
    ...(await obstacleChecks(owner)),
    ...memberChecks(owned, owner.title),
  ];
  try {
    const identified = await identifyManaged(parts);
    if (identified.kind === 'refused') {
      return [
        ...found,
        ...identified.problems.map((problem) => ({
          ...failed('the cluster can be guarded', problem),
          ...(problem.code === 'insufficient-privilege' ? { sql: grantsIn(problem) } : {}),
        })),
      ];
    }
    const who = members.filter(({ reached }) => reached).map(({ name }) => name);
    const guardable = passed(`PostgreSQL ${identified.version} on ${who.join(', ')} can be guarded`);
    const seen = await lookManaged(parts);
    const leader = parts.on(seen.leader);
    return [
      ...found,
      guardable,
      ...seenChecks(seen),
      ...(await moreChecks(leader)).filter(
        ({ problem }) => hasReadableFiles(owner) || problem?.code !== 'maps-unreadable',
      ),
      // The roles of a service come with powers of its own making.
      ...(hasReadableFiles(owner) ? await clusterPowerChecks(owner, leader, seen, probers) : []),
      ...(await restoreChecks(leader, seen, hasReadableFiles(owner) ? undefined : 'knowngood doctor --json')),
    ];
  } catch (error) {
    return [...found, failed('a snapshot can be taken', problemOf(error))];
  }
}

async function obstacleChecks(owner: Owner): Promise<readonly DoctorCheck[]> {
  const name = `changes can be declared to ${owner.title}`;
  try {
    const problems = await owner.obstacles();
    return problems.length === 0 ? [passed(name)] : problems.map((problem) => failed(name, problem));
  } catch (error) {
    return [failed(name, problemOf(error))];
  }
}

/** The same on every member: what is granted on the primary, its standbys replay. */
function grantsIn({ detail = '' }: Problem): readonly string[] {
  return detail
    .replace(/^Missing: /, '')
    .split(';')
    .map((grant) => grant.trim())
    .filter((grant) => grant.startsWith('grant '));
}

function memberChecks({ members, paused }: Owned, title: string): readonly DoctorCheck[] {
  const away = members.filter(({ reached }) => !reached);
  const pause = {
    code: 'owner-paused',
    message: `${title} is paused`,
    hint: 'Changes that need a restart are refused, and a revert that needs one waits until it is resumed.',
  };
  return [
    ...(paused ? [failed('members may be restarted', pause)] : []),
    ...away.map(({ name, state }) =>
      failed(`member ${name} runs`, {
        code: 'member-away',
        message: `member ${name} is ${state}`,
        hint: 'A revert is not complete before it is back.',
      }),
    ),
  ];
}
