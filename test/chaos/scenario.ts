/** One run, drawn from a seed: what is changed, how its people and pipeline behave, and what goes wrong when. Pure. */
import { type Dice, diceOf } from './dice.ts';

export const components = ['worker', 'agent', 'temporal', 'postgres', 'store'] as const;
export type Component = (typeof components)[number];

export const links = ['agent-temporal', 'worker-temporal', 'agent-store', 'worker-store'] as const;
export type Link = (typeof links)[number];

export type Fault =
  | { readonly kind: 'kill'; readonly what: Component; readonly downMs: number }
  | { readonly kind: 'freeze'; readonly what: Component; readonly forMs: number }
  /** `refused`: connections break and new ones are refused. `silent`: they stand, and nothing comes through. */
  | { readonly kind: 'cut'; readonly link: Link; readonly how: 'refused' | 'silent'; readonly forMs: number }
  | { readonly kind: 'disk-full'; readonly forMs: number }
  | { readonly kind: 'terminate' }
  | { readonly kind: 'cancel' }
  /** To the workflow task that many hundredths into the history. */
  | { readonly kind: 'reset'; readonly percent: number }
  /** An activity task of this change or of the one before it is given to the agent again. */
  | { readonly kind: 'old-task'; readonly of: 'this' | 'earlier'; readonly percent: number };

export const faultKinds = ['kill', 'freeze', 'cut', 'disk-full', 'terminate', 'cancel', 'reset', 'old-task'] as const;

/** What the journal on the target says, or that the change was asked for. */
export const moments = ['start', 'armed', 'applying', 'applied', 'reverting', 'closed'] as const;
export type Moment = (typeof moments)[number];

export interface Timed<T> {
  readonly after: Moment;
  readonly delayMs: number;
  readonly what: T;
}

/** One thing that the change alters; the last three lock the dependent out. */
export const harmless = ['setting', 'file', 'new-file', 'hba', 'grant', 'limit'] as const;
export const harmful = ['hba-lockout', 'revoke-lockout', 'limit-lockout'] as const;
export type Part = (typeof harmless)[number] | (typeof harmful)[number];

export interface Scenario {
  readonly seed: number;
  readonly index: number;
  readonly kind: 'config' | 'command' | 'external';
  readonly parts: readonly Part[];
  /** For whatever a part needs a value for. */
  readonly value: number;
  /** Between two steps of a command or a pipeline. */
  readonly pauseMs: number;
  /** Of an external change. `dies`: it is killed in the middle and says nothing. */
  readonly pipeline: 'says so' | 'dies';
  readonly abort: Timed<'abort'> | null;
  readonly faults: readonly Timed<Fault>[];
}

const mostFaults = 4;

export function scenarioOf(seed: number, index: number): Scenario {
  const dice = diceOf(seed, index);
  const parts = new Set<Part>();
  for (let left = dice.between(1, 3); left > 0; left -= 1) parts.add(dice.oneOf(harmless));
  if (dice.chance(0.3)) parts.add(dice.oneOf(harmful));
  const kind = dice.oneOf(['config', 'command', 'external'] as const);
  return {
    seed,
    index,
    kind,
    parts: [...parts],
    value: dice.between(2, 900),
    pauseMs: dice.between(0, 150),
    pipeline: kind === 'external' && dice.chance(0.2) ? 'dies' : 'says so',
    abort: dice.chance(0.15) ? timed(dice, 'abort') : null,
    faults: Array.from({ length: dice.between(0, mostFaults) }, () => timed(dice, faultOf(dice))),
  };
}

/** The same changes without any fault: nothing may be reverted. */
export function healthyScenarioOf(seed: number, index: number): Scenario {
  const { parts, ...drawn } = scenarioOf(seed, index);
  const healthy = parts.filter((part) => (harmless as readonly Part[]).includes(part));
  return { ...drawn, parts: healthy, pipeline: 'says so', abort: null, faults: [] };
}

function timed<T>(dice: Dice, what: T): Timed<T> {
  return { after: dice.oneOf(moments), delayMs: dice.oneOf([0, dice.between(0, 100), dice.between(0, 2_000)]), what };
}

function faultOf(dice: Dice): Fault {
  const shortOrLong = (): number => dice.oneOf([dice.between(50, 600), dice.between(600, 6_000)]);
  const kind = dice.oneOf(['kill', 'kill', 'kill', 'freeze', 'freeze', 'cut', 'cut', ...faultKinds.slice(3)] as const);
  switch (kind) {
    case 'kill':
      return { kind, what: dice.oneOf(components), downMs: dice.oneOf([0, dice.between(0, 4_000)]) };
    case 'freeze':
      return { kind, what: dice.oneOf(components), forMs: shortOrLong() };
    case 'cut':
      return { kind, link: dice.oneOf(links), how: dice.oneOf(['refused', 'silent']), forMs: shortOrLong() };
    case 'disk-full':
      return { kind, forMs: shortOrLong() };
    case 'reset':
      return { kind, percent: dice.between(0, 99) };
    case 'old-task':
      return { kind, of: dice.oneOf(['this', 'earlier']), percent: dice.between(0, 99) };
    case 'terminate':
    case 'cancel':
      return { kind };
    default:
      return kind satisfies never;
  }
}

export function faultInWords(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
      return `kill ${fault.what}, down for ${fault.downMs} ms`;
    case 'freeze':
      return `freeze ${fault.what} for ${fault.forMs} ms`;
    case 'cut':
      return `cut ${fault.link} (${fault.how}) for ${fault.forMs} ms`;
    case 'disk-full':
      return `fill the agent's disk for ${fault.forMs} ms`;
    case 'reset':
      return `reset to ${fault.percent} % of the history`;
    case 'old-task':
      return `give the agent a task of ${fault.of === 'this' ? 'this change' : 'the change before'} again (${fault.percent} %)`;
    case 'terminate':
    case 'cancel':
      return fault.kind;
    default:
      return fault satisfies never;
  }
}

export function scenarioInWords({ kind, parts, pipeline, abort, faults }: Scenario): string {
  const when = ({ after, delayMs }: Timed<unknown>): string => `${after} + ${delayMs} ms`;
  const lines = [
    `${kind}: ${parts.join(', ')}${pipeline === 'dies' ? '; its pipeline dies' : ''}`,
    ...(abort === null ? [] : [`${when(abort)}: abort`]),
    ...faults.map((fault) => `${when(fault)}: ${faultInWords(fault.what)}`),
  ];
  return lines.join('\n');
}
