/** Decisions as data: each is recorded as it falls, those too that do not count. The report shows them. */
import type { RecordedDecision, RulingWord, SpokenWord } from '../domain/decision.ts';
import { shorten } from '../domain/markdown.ts';
import { isProblem, parseExtension, parseOperatorInput } from '../domain/operator-input.ts';
import { inWords, type Problem } from '../domain/problem.ts';
import type { Ruling } from './ending.ts';
import type { Flow } from './flow.ts';

/** What one person says; who has sent it becomes known, if at all, while it is heard. */
export interface Said extends Pick<RecordedDecision, 'claim' | 'key' | 'extendedMs'> {
  readonly word: SpokenWord;
  readonly who: string;
  readonly why: string;
}

/** Without a name and a reason where it cannot be read: that it was said is known all the same. */
export function saidIn(word: SpokenWord, input: unknown): Said {
  if (word === 'extend') {
    const read = parseExtension(input);
    return isProblem(read) ? { word, who: '', why: '' } : { word, who: '', why: read.why, extendedMs: read.ms };
  }
  const read = parseOperatorInput(input);
  return isProblem(read) ? { word, who: '', why: '' } : { word, who: read.who ?? '', why: read.why };
}

/** Of each word, and of what did not count: anybody may say anything as often as they like. */
const most = 15;
/** A payload over 64 KiB is a bug. */
const longest = { name: 100, words: 250 } as const;

export function record({ evidence }: Flow, said: Said, refused: Problem | null = null): void {
  const { decisions = [] } = evidence;
  const alike = decisions.filter((one) =>
    refused === null ? one.word === said.word && one.refused === undefined : one.refused !== undefined,
  );
  if (alike.length >= most) return;
  evidence.decisions = [
    ...decisions,
    bounded({ at: Date.now(), ...said }, refused === null ? undefined : because(refused)),
  ];
}

/** What to do instead is no longer of use to who reads the report. */
function because({ code, message, detail = '' }: Problem): string {
  return inWords({ code, message, detail });
}

export function recordRuling({ evidence }: Flow, word: RulingWord, { reason, why }: Omit<Ruling, 'kind'>): void {
  evidence.decisions = [...(evidence.decisions ?? []), bounded({ at: Date.now(), word, who: '', why, reason })];
}

/** What was said of something else than what is asked now. */
export function withdrawApprovals(flow: Flow, why: string): void {
  flow.approvals.length = 0;
  const { decisions } = flow.evidence;
  if (decisions === undefined) return;
  flow.evidence.decisions = decisions.map((one) =>
    one.word === 'approve' && one.refused === undefined ? bounded(one, why) : one,
  );
}

function bounded(decision: RecordedDecision, refused = decision.refused): RecordedDecision {
  const { who, why, claim } = decision;
  return {
    ...decision,
    who: shorten(who, longest.name),
    why: shorten(why, longest.words),
    ...(typeof claim === 'string' ? { claim: shorten(claim, longest.name) } : {}),
    ...(refused === undefined ? {} : { refused: shorten(refused, longest.words) }),
  };
}
