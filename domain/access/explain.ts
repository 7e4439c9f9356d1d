/** Who gets in by a configuration as it is, and by which rule. Pure. */
import { printAddress } from './address.ts';
import { placeText, ruleAt } from './because.ts';
import type { Asked } from './impact.ts';
import { type Access, type AccessState, loginSimulator } from './login.ts';
import { type PointsOf, pointsAmong } from './points.ts';
import { shownRule } from './rule-text.ts';

export interface AccessAnswer {
  readonly asked: Asked;
  /** One, or several where rules cut up the network that was asked about. */
  readonly ways: readonly {
    /** An address, or `local`. */
    readonly example: string;
    readonly access: Access;
    /** The rule that decides, as somebody would write it, with its place; null: none does. */
    readonly rule: string | null;
  }[];
}

const mostWays = 20;

/** For many: what they have in common is looked up once. */
export function accessExplainer(state: AccessState): (asked: Asked) => AccessAnswer {
  const simulate = loginSimulator(state);
  const pointsOf = pointsAmong(state.rules, state.interfaces);
  return (asked) => explain(state, simulate, asked, pointsOf(asked.from));
}

function explain(
  state: AccessState,
  simulate: ReturnType<typeof loginSimulator>,
  asked: Asked,
  points: ReturnType<PointsOf>,
): AccessAnswer {
  if (points === null) {
    const access: Access = { kind: 'unknown', why: `"${asked.from}" is not an address that can be told`, where: null };
    return { asked, ways: [{ example: asked.from ?? '', access, rule: null }] };
  }
  const ways = new Map<string, AccessAnswer['ways'][number]>();
  for (const address of points) {
    const { user, database, tls, replication = false } = asked;
    const principal = { user, database, address, tls: tls && address !== null, replication };
    const access = simulate(principal);
    const rule = ruleAt(state, access.where);
    const text = rule === null ? null : `${placeText(rule)} ${shownRule(rule)}`;
    const why = access.kind === 'allowed' ? '' : access.why;
    // What a refusal says names the address: the same refusal all the same.
    const key = `${access.kind} ${text ?? (address === null ? 'local' : '')} ${rule === null ? '' : why}`;
    if (!ways.has(key))
      ways.set(key, { example: address === null ? 'local' : printAddress(address), access, rule: text });
  }
  return { asked, ways: [...ways.values()].slice(0, mostWays) };
}
