/** Five settings of a primary that its standbys must have at least as high: one with less stops replaying, or never starts. */
import type { ConfTree } from './conf/conf-tree.ts';
import { effectiveAssignments } from './conf/conf-tree.ts';
import { normaliseValue } from './conf/setting-value.ts';
import type { ServerSetting } from './plan/context.ts';
import type { Problem } from './problem.ts';

export const standbySettings: readonly string[] = [
  'max_connections',
  'max_locks_per_transaction',
  'max_prepared_transactions',
  'max_wal_senders',
  'max_worker_processes',
];

export interface Raise {
  readonly name: string;
  readonly to: number;
}

/** A connected server that replays what this one writes. */
export interface ConnectedStandby {
  readonly name: string;
  readonly address: string | null;
  readonly slot: string | null;
}

/** What a standby that the agent's configuration names says of itself. */
export type NamedStandby =
  | {
      readonly kind: 'answers';
      readonly place: string;
      /** As its primary sees it; null: not told. */
      readonly name: string | null;
      readonly slot: string | null;
      readonly streams: boolean;
      readonly values: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'silent'; readonly place: string; readonly why: string };

/** What a restart would raise, by the files as they would be read then. */
export function raisesIn(settings: ReadonlyMap<string, ServerSetting>, then: ConfTree): readonly Raise[] {
  const assigned = effectiveAssignments(then);
  return standbySettings.flatMap((name): Raise[] => {
    const known = settings.get(name);
    if (known === undefined || known.source === 'command line') return [];
    const said = normaliseValue(known, assigned.get(name)?.value ?? known.bootVal ?? known.value);
    return said.ok && Number(said.value) > Number(known.value) ? [{ name, to: Number(said.value) }] : [];
  });
}

/** Every reason why these may not be raised now; what a standby has that nobody can ask is not known to be enough. */
export function raiseProblems(
  raises: readonly Raise[],
  connected: readonly ConnectedStandby[],
  named: readonly NamedStandby[],
): readonly Problem[] {
  if (raises.length === 0) return [];
  const what = raises.map(({ name, to }) => `${name} to ${to}`).join(', ');
  return [
    ...named.flatMap((standby): Problem[] => {
      if (standby.kind === 'silent')
        return [
          {
            code: 'standby-unknown',
            message: `standby ${standby.place} could not be asked`,
            detail: `${standby.why}. Whether it could follow when this server raises ${what} is not known.`,
            hint: "Bring it back, or take it out of standbys in the agent's agent.yaml if it is gone for good.",
          },
        ];
      const less = raises.filter(({ name, to }) => (standby.values[name] ?? 0) < to);
      if (less.length === 0) return [];
      const has = less.map(({ name, to }) => `${name} = ${standby.values[name] ?? 'unknown'}, needs ${to}`).join('; ');
      return [
        {
          code: 'standby-has-less',
          message: `standby ${standby.place} has less than the server would have`,
          detail: `It has ${has}. It would stop replaying, and not start again.`,
          hint: 'Raise it on the standby first and restart that one; lower it there last.',
        },
      ];
    }),
    ...unnamed(connected, named).map(({ name, address }): Problem => ({
      code: 'standby-not-named',
      message: `standby "${name}"${address === null ? '' : ` at ${address}`} is connected, and the agent cannot ask what it has`,
      detail: `The server would raise ${what}; a standby with less stops replaying.`,
      hint: "Add its connection to standbys in the agent's agent.yaml.",
    })),
  ];
}

/** Each named standby that streams accounts for one connection: by slot or name, else for any that is left. */
function unnamed(connected: readonly ConnectedStandby[], named: readonly NamedStandby[]): readonly ConnectedStandby[] {
  const free = named.filter((standby) => standby.kind === 'answers').filter(({ streams }) => streams);
  const take = (isIt: (standby: (typeof free)[number]) => boolean): boolean => {
    const at = free.findIndex(isIt);
    if (at >= 0) free.splice(at, 1);
    return at >= 0;
  };
  const left = connected.filter(
    ({ name, slot }) =>
      !take((standby) => (slot === null ? standby.slot === null && standby.name === name : standby.slot === slot)),
  );
  return left.filter(() => !take(({ name, slot }) => name === null && slot === null));
}
