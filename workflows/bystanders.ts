/** Checks that never end a watch: what those that notify find is told, what shadows find is noted, both once. */
import type { CheckProgress, CheckSpec } from '../domain/check.ts';
import { redBefore } from '../domain/checks/baseline.ts';
import { isBystander, wouldHave } from '../domain/checks/consequence.ts';
import { noProgress } from '../domain/checks/progress.ts';
import { decideSoak, type Soak } from '../domain/checks/verdict.ts';
import { timeText } from '../domain/format.ts';
import { note, type Flow } from './flow.ts';
import { tell } from './telling.ts';

/** Called with whatever is known, often: by a running watch, and with the counters at its end. */
export function heedBystanders(flow: Flow, progress: readonly CheckProgress[]): void {
  for (const check of bystanders(flow)) {
    const crossed = progress.find((own) => own.check === check.name)?.crossed;
    const known = flow.evidence.crossed ?? [];
    if (crossed === undefined || known.some((one) => one.check === check.name)) continue;
    flow.evidence.crossed = [...known, { check: check.name, ...crossed }];
    if (check.shadow) note(flow, `shadow: ${wouldHave(check)} at ${timeText(crossed.at)}: ${crossed.why}`);
    else {
      note(flow, `${crossed.why}; its team is told, nothing is reverted by it`);
      tell(flow, 'degraded', { why: crossed.why, failing: [check.dependent] });
    }
  }
}

/** What is red before says nothing of the change: it is neither told nor foretold. */
export function setRedBystandersAside(flow: Flow): void {
  const own = ({ name }: CheckSpec): CheckProgress =>
    flow.progress.find(({ check }) => check === name) ?? noProgress(name);
  flow.aside = (flow.change?.checks ?? [])
    .filter((check) => isBystander(check) && redBefore({ ...check, level: 'required' }, own(check)).length > 0)
    .map(({ name }) => name);
  if (flow.aside.length > 0)
    note(flow, `red before the change, so nobody is told what they find: ${flow.aside.join(', ')}`);
}

/** At the end of a soak: a shadow that could not be called healthy would have held the change. */
export function noteUnprovenShadows(flow: Flow, soak: Soak): void {
  const known = (flow.evidence.crossed ?? []).map(({ check }) => check);
  for (const check of bystanders(flow).filter(({ name, shadow }) => shadow === true && !known.includes(name))) {
    const verdict = decideSoak([{ ...check, level: 'required' }], flow.progress, soak);
    if (verdict.kind === 'inconclusive') note(flow, `shadow: would have held the change: ${verdict.why}`);
  }
}

function bystanders({ change, aside }: Flow): readonly CheckSpec[] {
  return (change?.checks ?? []).filter((check) => isBystander(check) && !aside.includes(check.name));
}
