/** Reading rules and asking who gets in by them: goals of our own, beside what a plain loop costs. */
import { type Access, type AccessState, type Principal, loginSimulator } from '../../domain/access/login.ts';
import { printAddress } from '../../domain/access/address.ts';
import { type Asked, accessImpact } from '../../domain/access/impact.ts';
import { type Figure, compare, median, round, spread } from '../figure.ts';
import { hbaText, parsed, principals, stateOf } from './fixture.ts';

const [parseGoalMs, simulateGoalMs] = [50, 1_000];
const [fileLines, ruleCount, principalCount] = [5_000, 1_000, 10_000];

/** The floor cuts the same text into lines and words, and knows no quotes. */
export function benchParse(runs: number): Figure {
  const text = hbaText(fileLines);
  const [own, floor]: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run += 1) {
    floor.push(
      timed(
        () =>
          text.split('\n').map((line) =>
            line
              .split('#', 1)
              .join('')
              .split(/[\s,]+/),
          ).length,
      ),
    );
    own.push(timed(() => parsed(text).length));
  }
  const goal = `≤ ${parseGoalMs} ms`;
  const figure = compare(`parse of ${fileLines} rules`, { own, floor }, goal, (ms) => ms <= parseGoalMs);
  return { ...figure, note: `${figure.note}; the first, cold, ${round(own[0] ?? Number.NaN)}` };
}

/** The floor compares as many pairs of strings as there are rules and principals, before and after. */
export function benchSimulate(runs: number): readonly Figure[] {
  const before = parsed(hbaText(ruleCount));
  const after = before.slice(0, -1);
  const who = principals(principalCount);
  const users = before.map((_, at) => `app_${at * 3}`);
  const asked = who.map(askedOf);
  const [own, whole, floor]: [number[], number[], number[]] = [[], [], []];
  let changed = 0;
  for (let run = 0; run < runs; run += 1) {
    floor.push(timed(() => matches(users, who) + matches(users, who)));
    own.push(
      timed(() => {
        const [was, is] = [answers(stateOf(before), who), answers(stateOf(after), who)];
        changed = was.filter((answer, at) => answer.kind !== is[at]?.kind).length;
        return changed;
      }),
    );
    whole.push(timed(() => accessImpact(stateOf(before), stateOf(after), asked).unchanged));
  }
  const figure = (name: string, values: readonly number[]): Figure => ({
    name: `${name}, ${ruleCount} rules × ${principalCount} principals, before and after`,
    value: median(values),
    unit: 'ms',
    floor: median(floor),
    goal: `≤ ${simulateGoalMs} ms`,
    met: median(values) <= simulateGoalMs,
    note: `${spread(values)}; ${changed} change; floor ${spread(floor)}`,
  });
  return [figure('who gets in', own), figure('who loses access, and why', whole)];
}

function askedOf({ user, database, address, tls }: Principal): Asked {
  const from = address === null ? 'local' : printAddress(address);
  return { user, database, from, tls, source: 'observed', who: [] };
}

function answers(state: AccessState, who: readonly Principal[]): readonly Access[] {
  const simulate = loginSimulator(state);
  return who.map(simulate);
}

function matches(users: readonly string[], who: readonly Principal[]): number {
  let count = 0;
  for (const { user } of who) for (const one of users) if (one === user) count += 1;
  return count;
}

/** `work` gives a number, so that nothing of it is left out. */
function timed(work: () => number): number {
  const beganAt = performance.now();
  if (work() < 0) throw new Error('never');
  return performance.now() - beganAt;
}
