/** What a pipeline is told of an answer, before it takes a system's form: notes, fields, Markdown. Pure. */
import { codeSpan, escapeMarkdown, oneLine, shorten } from '../../domain/markdown.ts';
import { inWords, type Problem } from '../../domain/problem.ts';
import { refusalsOf } from '../../domain/plan/risk.ts';
import { exitCodes, exitMeanings } from '../exit-codes.ts';
import { planMarkdown } from '../render/plan-markdown.ts';
import type { Answer } from './answer.ts';

export interface Note {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  /** One line, from strangers: to be escaped by whoever shows it. */
  readonly text: string;
  /** Stable word for machines. */
  readonly code: string;
}

const mostText = 2_000;
/** GitHub shows ten of a level for each step. */
const mostNotes = 10;

export function notesOf(answer: Answer): readonly Note[] {
  const { exitCode, outcome, plan, problems, summary } = answer;
  const level = exitCode === exitCodes.kept ? 'notice' : exitCode === exitCodes.open ? 'warning' : 'error';
  const title = `Knowngood: ${headline(answer)}`;
  const about = (text: string, code: string): Note => ({ level, title, text: shorten(oneLine(text), mostText), code });
  const all = [
    ...(summary === null ? [] : [about(summary, answer.reason ?? outcome ?? 'open')]),
    ...[...problems, ...(plan === null ? [] : refusals(plan))].map((problem) => about(inWords(problem), problem.code)),
    ...(plan?.warnings ?? []).map((text): Note => ({ ...about(text, 'plan-warning'), level: 'warning' })),
  ];
  if (all.length <= mostNotes) return all;
  const shown = all.slice(0, mostNotes - 1);
  return [...shown, about(`and ${all.length - shown.length} more`, 'more-problems')];
}

/** Where there is no answer: why not. */
export function notesOfProblems(problems: readonly Problem[]): readonly Note[] {
  return problems.map((problem) => ({
    level: 'error',
    title: 'Knowngood',
    text: shorten(oneLine(inWords(problem)), mostText),
    code: problem.code,
  }));
}

function refusals(plan: NonNullable<Answer['plan']>): readonly Problem[] {
  return plan.risk === 'refused' ? refusalsOf(plan) : [];
}

function headline({ outcome, plan, exitCode }: Answer): string {
  if (outcome !== null) return outcome;
  if (plan !== null) return plan.risk === 'refused' ? 'would be refused' : `risk ${plan.risk}`;
  return isOpen({ exitCode }) ? 'open' : 'refused';
}

function isOpen({ exitCode }: Pick<Answer, 'exitCode'>): boolean {
  return exitCode === exitCodes.open || exitCode === exitCodes.incomplete;
}

/** Names in kebab-case; only words that need no quoting anywhere. */
export function fieldsOf(answer: Answer): Readonly<Record<string, string>> {
  const { plan } = answer;
  const fields = {
    'exit-code': String(answer.exitCode),
    outcome: answer.outcome ?? (plan !== null ? 'planned' : isOpen(answer) ? 'open' : null),
    reason: answer.reason,
    target: answer.target,
    'change-id': answer.changeId,
    'workflow-id': answer.workflowId,
    risk: plan?.risk ?? null,
    effect: plan?.effect ?? null,
    'plan-hash': plan?.hash ?? null,
  };
  const plain = (entry: [string, string | null]): entry is [string, string] =>
    entry[1] !== null && /^[A-Za-z0-9:._-]{1,300}$/.test(entry[1]);
  return Object.fromEntries(Object.entries(fields).filter(plain));
}

/** null: the command has written its summary itself. */
export function summaryOf(answer: Answer): string | null {
  const { plan, target, changeId, outcome, exitCode, problems, summary } = answer;
  if (plan !== null && target !== null) return planMarkdown(target, plan);
  if (outcome !== null) return null;
  const of = target !== null && changeId !== null ? `: ${codeSpan(`${target}:${changeId}`)}` : '';
  const said = [...(summary === null ? [] : [summary]), ...problems.map(inWords)];
  return [
    `## Knowngood${of}`,
    said.map((text) => `- ${escapeMarkdown(shorten(text, mostText))}`).join('\n'),
    `Exit code ${exitCode}: ${exitMeanings[exitCode]}`,
  ].join('\n\n');
}
