/** What people are told of a drift: the notice, pure. Each channel words it in its own way. */
import { countText, dateTimeText, durationText, listText } from '../format.ts';
import { oneLine } from '../markdown.ts';
import { asFact, asHeadline, type Notice, type Severity } from '../notify/notice.ts';
import { plainItem, plainLine } from '../notify/plain-item.ts';
import { inWords } from '../problem.ts';
import { byCodeUnit } from '../snapshot/canonical.ts';
import { connectedText, dependentsHit, hitSentences, hitsOfDependents } from './affected.ts';
import type { Drift } from './drift.ts';
import { forcesOf, forceWords } from './force.ts';
import { type Seen, seenSince, sinceText } from './since.ts';
import type { RememberedDrift, Telling } from './telling.ts';

export interface Told {
  readonly workflowId: string;
  readonly runId: string;
}

const mostItems = 10;
const mostHit = 5;
const mostConnected = 3;
const mostLines = 8;
/** Of each kind, before what else must be told: a message shows the first dozen. */
const mostFirst = 3;

export function driftNotice(
  drift: Drift,
  remembered: RememberedDrift,
  telling: Exclude<Telling, 'gone'>,
  told: Told,
): Notice {
  const { target } = remembered;
  const severity = severityOf(drift);
  return {
    kind: 'drift',
    key: keyOf(remembered, `${telling}-${remembered.tellings}`),
    severity,
    target,
    changeId: null,
    ...told,
    at: remembered.firstSeen,
    headline: asHeadline(headline(target, drift, remembered, telling)),
    facts: driftFacts(drift, remembered).map(asFact),
    actions: [
      ...(severity === 'critical' ? [`stop the escalation: knowngood drift acknowledge ${target}`] : []),
      ...driftActions(target),
    ],
    dependents: dependentsHit(drift),
    // Told again while it stays, it is the same incident; another drift is another one, which must ring.
    ...(severity === 'critical' ? { matter: driftKey(remembered) } : {}),
  };
}

/** `acceptedBy` null: the configuration is the known-good one again, whoever put it back. */
export function goneNotice(remembered: RememberedDrift, acceptedBy: string | null, told: Told): Notice {
  const { target, goneAt, toldOf } = remembered;
  const since = seenSince(remembered);
  const at = goneAt ?? remembered.lastSeen;
  return {
    kind: 'drift-gone',
    key: keyOf(remembered, 'gone'),
    // Whoever heard of it, the pager among them, hears that it is over.
    severity: 'warning',
    target,
    changeId: null,
    ...told,
    at,
    headline: asHeadline(
      `${target} does not drift any more: ${acceptedBy === null ? 'it is as its known-good snapshot again' : acceptedBy}`,
    ),
    facts: [`it was seen from ${dateTimeText(since)} on, for ${durationText(Math.max(0, at - since))}`],
    actions: [],
    dependents: toldOf,
  };
}

function driftKey({ target, id }: Pick<RememberedDrift, 'target' | 'id'>): string {
  return `drift:${target}:${id}`;
}

function keyOf(remembered: RememberedDrift, what: string): string {
  return `${driftKey(remembered)}:${remembered.fingerprint.slice(0, 12)}:${what}`;
}

/** Whether a notice with that key is of this same drift: what it opened goes on. */
export function isOfDrift(key: string, remembered: Pick<RememberedDrift, 'target' | 'id'>): boolean {
  return key.startsWith(`${driftKey(remembered)}:`);
}

/** Nobody is called any more about what no dependent loses access by; what is not in force, or not shown, may hide that one does. */
export function isHarmless({ access, items, moreItems }: Pick<Drift, 'access' | 'items' | 'moreItems'>): boolean {
  const isAllInForce = moreItems === 0 && items.every(({ force }) => force === 'in-force');
  return access !== null && isAllInForce && dependentsHit({ access }).length === 0;
}

/** Whoever loses access now is to be woken; what waits for a reload or a start is not to be forgotten. */
function severityOf(drift: Drift): Severity {
  return [...hitsOfDependents(drift).values()].includes('loses') ? 'critical' : 'warning';
}

const told: Readonly<Record<Exclude<Telling, 'gone'>, string>> = {
  new: 'drifted from known-good',
  changed: 'drifted further',
  still: 'still drifts from known-good',
};

function headline(
  target: string,
  drift: Drift,
  remembered: RememberedDrift,
  telling: Exclude<Telling, 'gone'>,
): string {
  const long = telling === 'still' ? ` after ${durationText(remembered.lastSeen - seenSince(remembered))}` : '';
  return oneLine(`${target} ${told[telling]}${long}: ${subjects(drift)} (${forcesOf(drift.items)})${whomOf(drift)}`);
}

/** The gravest first; each dependent with what is true of it. */
function whomOf(drift: Drift): string {
  const hits = [...hitsOfDependents(drift)].toSorted(([a], [b]) => byCodeUnit(a, b));
  let left = mostHit;
  return (['loses', 'would-lose', 'may-lose'] as const)
    .map((kind) => {
      const names = hits.filter(([, hit]) => hit === kind).map(([name]) => name);
      const shown = names.slice(0, left);
      left -= shown.length;
      if (shown.length === 0) return '';
      const verb = kind === 'loses' && names.length > 1 ? 'lose' : kind.replace('-', ' ');
      return `; ${listText(shown)} ${verb} access`;
    })
    .join('');
}

/** `pg_hba.conf, role image_svc and 2 more`. */
function subjects({ items, moreItems }: Drift): string {
  const most = 3;
  const names = items.slice(0, most).map(({ key }) => {
    const [what = '', ...rest] = key.split(':');
    const name = rest.join(':');
    if (what === 'file') return name.slice(name.lastIndexOf('/') + 1);
    return what === 'setting' ? name : `${what} ${name}`;
  });
  const left = items.length - names.length + moreItems;
  return left === 0 ? listText(names) : `${names.join(', ')} and ${left} more`;
}

/** Plain sentences, the most telling first; of each kind some, for what comes late may not be shown. */
export function driftFacts(drift: Drift, seen: Seen): readonly string[] {
  const { connected, moreConnected, schemaItems } = drift;
  const hits = hitSentences(drift);
  const dirty = drift.dirty.slice(0, mostHit).map(inWords);
  const what = driftItemFacts(drift);
  return [
    ...hits.slice(0, mostHit),
    ...(hits.length > mostHit ? [`${hits.length - mostHit} more access changes`] : []),
    ...reappearedSentences(drift),
    ...dirty.slice(0, 1),
    ...what.slice(0, mostFirst),
    ...sinceText(seen, drift),
    ...connected.slice(0, mostConnected).map((one) => `connected now: ${connectedText(one)}`),
    ...(connected.length + moreConnected > mostConnected
      ? [`connected now: ${connected.length + moreConnected - mostConnected} more principals`]
      : []),
    ...dirty.slice(1),
    ...what.slice(mostFirst),
    ...(schemaItems > 0 ? [`${countText(schemaItems, 'object')} came or went beside it, which is no drift`] : []),
  ];
}

/** What differs. */
export function driftItemFacts({ items, moreItems, diff }: Drift): readonly string[] {
  const left = items.length - mostItems + moreItems;
  return [
    ...items.slice(0, mostItems).map((item) => `${oneLine(plainItem(item))} (${forceWords[item.force]})`),
    ...(left > 0 ? [`${left} more items differ`] : []),
    ...changedLines(diff),
  ];
}

/** The lines themselves, where they are few enough to be read in a message: `pg_hba.conf: - host shop …`. */
function changedLines(diff: string): readonly string[] {
  const found: string[] = [];
  let name = '';
  for (const line of diff.split('\n')) {
    const [, path] = /^(?:---|\+\+\+) (?!\/dev\/null$)(.*)$/.exec(line) ?? [];
    if (path !== undefined) name = path.slice(path.lastIndexOf('/') + 1).trimEnd();
    else if (/^[-+]/.test(line) && !/^(---|\+\+\+) /.test(line))
      found.push(oneLine(`${name}: ${line.slice(0, 1)} ${plainLine(line.slice(1))}`));
  }
  const left = found.length - mostLines;
  return left > 0 ? [...found.slice(0, mostLines), `${left} more lines of files differ`] : found;
}

export function reappearedSentences({ reappeared }: Pick<Drift, 'reappeared'>): readonly string[] {
  return reappeared.map(
    ({ changeId, revertedAt, items }) =>
      `${countText(items.length, 'item')} as change ${changeId} had left it, which was reverted ${dateTimeText(revertedAt)}: something applies it again, mend its source`,
  );
}

export function driftActions(target: string): readonly string[] {
  return [
    `knowngood drift ${target}`,
    `knowngood drift revert ${target}`,
    `knowngood drift accept ${target} --reason "…"`,
  ];
}
