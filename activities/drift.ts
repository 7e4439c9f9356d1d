/** The orchestrator's activities around drift: what is known-good, what was seen, what people know, who accepted what. */
import { approversOf, declaredAccess, unknownTarget } from '../config/admit.ts';
import type { DependentConfig, KnowngoodConfig } from '../domain/config.ts';
import type { DriftQuestion } from '../domain/drift/drift.ts';
import { looksTelling } from '../domain/drift/looks.ts';
import { tellingOf } from '../domain/drift/telling.ts';
import type { SnapshotRow, Store } from '../store/store.ts';
import type { DriftActivities } from './drift-contract.ts';
import { explained } from './failure.ts';

/** A change that was reverted longer ago is not what somebody applies again. */
const mostReverted = 3;
/** Among them the reverted ones are looked for. */
const mostChanges = 30;

export function createDriftActivities({
  config,
  store,
}: {
  config: () => Promise<KnowngoodConfig>;
  store: Store;
}): DriftActivities {
  return {
    driftTerms: ({ target }) =>
      explained('StoreUnreachable', async () => {
        const known = await config();
        const { targets, dependents } = known;
        const own = targets[target];
        if (own === undefined) return { kind: 'refused', problems: [unknownTarget(target, Object.keys(targets))] };
        const [knownGood, remembered, cleanAt] = await Promise.all([
          store.knownGood(target),
          store.drift(target),
          store.cleanAt(target),
        ]);
        const users = dependents.filter(({ uses }) => uses === target);
        return {
          kind: 'terms',
          question: knownGood === null ? null : await questionOf(store, knownGood, own.drift?.ignore ?? []),
          knownGoodAt: knownGood?.knownGoodAt?.getTime() ?? null,
          remembered: remembered?.goneAt === null ? remembered : null,
          cleanAt,
          access: declaredAccess(users),
          checks: checksOf(users),
          policy: own.policy,
          ...approversOf(known),
        };
      }),

    driftSeen: ({ target, seen, at, knownGoodAt }) =>
      explained('StoreUnreachable', async () => {
        const remembered =
          seen === null
            ? await store.sawNoDrift(target, at)
            : await store.sawDrift(target, { ...seen, at, knownGoodAt });
        // When people were told is by our clock, `at` by the agent's.
        const now = Date.now();
        const telling = remembered === null ? null : tellingOf(remembered, now);
        const acceptedBy = telling === 'gone' ? await acceptedInWords(store, target, remembered?.knownGoodId) : null;
        const looks = await store.looks(target);
        const toldOfFailing = looksTelling(looks, now) === 'again' ? looks.toldAt : null;
        return { remembered, telling, acceptedBy, toldOfFailing };
      }),

    driftMissed: ({ target, at }) =>
      explained('StoreUnreachable', async () => {
        const looks = await store.missedLook(target, at);
        const { failingSince: since } = looks;
        return since !== null && looksTelling(looks, at) === 'failing' ? { since } : null;
      }),

    driftLooksTold: ({ target, at }) => explained('StoreUnreachable', () => store.toldLooks(target, at)),

    driftTold: ({ remembered, ...told }) => explained('StoreUnreachable', () => store.toldDrift(remembered, told)),

    acceptSnapshot: ({ target, instead, ...acceptance }) =>
      explained('StoreUnreachable', () => store.accept(target, acceptance, instead)),
  };
}

function checksOf(dependents: readonly DependentConfig[]): DependentConfig['checks'] {
  return dependents.flatMap(({ checks }) => checks);
}

async function questionOf(
  store: Store,
  { id, target }: SnapshotRow,
  ignore: readonly string[],
): Promise<DriftQuestion> {
  const changes = await store.changes(target, mostChanges);
  const reverted = changes.flatMap(({ changeId, outcome, result, closedAt }) => {
    const snapshotId = result?.snapshots.change ?? null;
    if (outcome !== 'reverted' || snapshotId === null || closedAt === null) return [];
    return [{ changeId, snapshotId, revertedAt: closedAt.getTime() }];
  });
  return { knownGoodId: id, ignore, reverted: reverted.slice(0, mostReverted) };
}

/** null: known-good is what it was. */
async function acceptedInWords(store: Store, target: string, was: string | undefined): Promise<string | null> {
  const is = await store.knownGood(target);
  if (is === null || is.id === was) return null;
  const acceptance = await store.acceptance(target, is.id);
  if (acceptance !== null) {
    const { requestedBy, reason } = acceptance;
    return `${requestedBy} had it accepted as known-good${reason === '' ? '' : `: ${reason}`}`;
  }
  return is.changeId === null ? 'known-good has moved' : `change ${is.changeId} was kept, and is known-good`;
}
