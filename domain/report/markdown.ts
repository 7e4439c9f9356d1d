/** A report in Markdown: what a job summary, a ticket or a chat shows. Everything from outside is escaped. */
import { levelText } from '../checks/consequence.ts';
import { accessPart } from '../details/access.ts';
import { dateTimeText, durationText, preciseTimeText, sentence } from '../format.ts';
import { codeBlock, codeCell, codeSpan, escapeMarkdown, markdownTable, shorten } from '../markdown.ts';
import type { ReportModel } from './report.ts';
import type { CheckReport, Stretch } from './checks.ts';
import { whyText } from './decisions.ts';
import { codeText, failingText } from './failing.ts';
import { logLine, logText, type LogEvidence } from './server-log.ts';

export function reportMarkdown(model: ReportModel): string {
  const parts = [
    `# ${prose(model.headline)}`,
    summaryPart(model),
    comparisonPart(model),
    '## Impact',
    list(model.impact),
    checksPart(model.checks),
    '## Timeline',
    timelinePart(model),
    '## Root cause',
    paragraphs(model.cause),
    attributionPart(model),
    changePart(model),
    evidencePart(model),
    '## Resolution',
    paragraphs(model.resolution),
    resolutionPart(model),
    decisionsPart(model),
    '## Follow-ups',
    model.followUps.length === 0 ? 'None.' : list(model.followUps),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function summaryPart(model: ReportModel): string {
  const { spans } = model;
  const rows = [
    ['outcome', `**${model.outcome}** (${model.reason})`],
    ['target', cell(model.target)],
    ['change', `${cell(model.changeId)}, ${model.changeKind}${model.what === '' ? '' : ` ${cell(model.what)}`}`],
    ['asked for by', `${prose(model.requestedBy) || '–'}${model.why === '' ? '' : `: ${prose(model.why)}`}`],
    ...(model.moments[0] === undefined ? [] : [['started', dateTimeText(model.moments[0].at)]]),
    ...spanRow('time to detect', spans.detectMs),
    ...spanRow('time to decide', spans.decideMs),
    ...spanRow('time to revert', spans.revertMs),
    ...spanRow('time to verify', spans.verifyMs),
    ...spanRow('time to recover', spans.recoverMs),
    ...spanRow('in all', spans.totalMs),
    ['dependents', model.dependents],
    ...model.notes.map((note) => ['note', prose(note)]),
  ];
  return ['## Summary', prose(sentence(model.summary)), markdownTable({ head: ['', ''], rows })].join('\n\n');
}

const spanRow = (label: string, ms: number | null): string[][] => (ms === null ? [] : [[label, durationText(ms)]]);

function comparisonPart({ comparison }: ReportModel): string {
  if (comparison === null) return '';
  const rows = comparison.moments.map(({ label, thenClock, thenMs, nowMs, nowAt }) => [
    label,
    `${thenClock} (+${durationText(thenMs)})`,
    nowAt === null || nowMs === null ? '–' : `${preciseTimeText(nowAt)} (+${durationText(nowMs)})`,
  ]);
  return `### ${comparison.title}\n\n${markdownTable({ head: ['', 'then', 'now'], rows })}`;
}

function checksPart(checks: readonly CheckReport[]): string {
  if (checks.length === 0) return '';
  const rows = checks.map((check) => [
    cell(check.name),
    levelText(check),
    stretchText(check.before),
    stretchText(check.during),
    stretchText(check.after),
    check.state,
  ]);
  return markdownTable({ head: ['check', 'level', 'before', 'in force', 'after', 'in the end'], rows });
}

export function stretchText(stretch: Stretch | null): string {
  if (stretch === null) return '–';
  const extra = [
    stretch.fails > 0 ? `${stretch.fails} failed` : '',
    stretch.unmeasurable > 0 ? `${stretch.unmeasurable} not measurable` : '',
    stretch.forgiven > 0 ? `${stretch.forgiven} while settling` : '',
  ].filter((part) => part !== '');
  return `${stretch.passes}/${stretch.measured} passed${extra.length === 0 ? '' : `, ${extra.join(', ')}`}`;
}

function timelinePart({ moments, timeline }: ReportModel): string {
  const rows = [
    ...timeline.map(({ at, phase, text }) => ({ at, cells: [phase, prose(text)] })),
    ...moments.map(({ at, label }) => ({ at, cells: ['', `**${label}**`] })),
  ].sort((a, b) => a.at - b.at);
  return markdownTable({
    head: ['UTC', 'phase', ''],
    rows: rows.map(({ at, cells }) => [preciseTimeText(at), ...cells]),
  });
}

const mostNamed = 20;

function changePart({ plan }: ReportModel): string {
  if (plan === null) return '';
  const items = plan.items.map(({ summary, effect }) => `- ${code(summary)} (${effect})`);
  if (plan.moreItems > 0) items.push(`- … and ${plan.moreItems} more`);
  return [accessPart(plan, mostNamed), items.join('\n'), plan.diff === '' ? '' : codeBlock(cut(plan.diff), 'diff')]
    .filter(Boolean)
    .join('\n\n');
}

function resolutionPart(model: ReportModel): string {
  const { before, change, after } = model.snapshots;
  return [
    titled(
      'Put back',
      model.reverted.map(
        ({ summary, decision, note }) =>
          `${code(summary)} (${decision}${note === undefined ? '' : `: ${prose(note)}`})`,
      ),
    ),
    titled('Proof', model.proof.map(prose)),
    titled('Conflicts', model.conflicts.map(prose)),
    titled(
      'Problems',
      model.problems.map(({ message, detail }) => prose(detail === undefined ? message : `${message}: ${detail}`)),
    ),
    titled(
      'Snapshots',
      Object.entries({ before, change, after }).flatMap(([name, id]) => (id === null ? [] : [`${name} ${code(id)}`])),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function attributionPart({ attribution }: ReportModel): string {
  const lines = attribution.map(({ checks, items }) => {
    const because = items.length === 0 ? 'not one item alone' : items.map(code).join(', ');
    return `${checks.map(code).join(', ')}: ${because}`;
  });
  return titled('Explained by', lines);
}

function evidencePart({ failing, log }: ReportModel): string {
  const measured = failing.first.map(({ at, check, code, class: kind, message }) => [
    preciseTimeText(at),
    cell(check),
    cell(codeText(code, kind)),
    message === null ? '' : cell(message),
  ]);
  const more = failing.more === 0 ? '' : `… and ${failing.more} more`;
  return [
    ...(measured.length === 0 ? [] : ['### Failing measurements', prose(failingText(failing))]),
    measured.length === 0 ? '' : markdownTable({ head: ['UTC', 'check', 'code', 'said'], rows: measured }),
    more,
    logPart(log),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function logPart(log: LogEvidence | null): string {
  if (log === null) return '';
  const lines = log.lines.map((line) => cut(logLine(line))).join('\n');
  return ["### The server's log", prose(logText(log)), lines === '' ? '' : codeBlock(lines, 'text')]
    .filter((part) => part !== '')
    .join('\n\n');
}

function decisionsPart({ decisions }: ReportModel): string {
  if (decisions.length === 0) return '';
  const rows = decisions.map((decision) => {
    const { at, what, who, claim, key } = decision;
    const signed = key === undefined ? '' : ` (signed, ${cell(key)})`;
    const claimed = claim === null ? '' : ` (claimed ${cell(claim)})`;
    return [dateTimeText(at), prose(what), `${prose(who)}${signed}${claimed}`, prose(whyText(decision)) || '–'];
  });
  return `**Decisions**\n\n${markdownTable({ head: ['when', 'what', 'who', 'why'], rows })}`;
}

const titled = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `**${title}**\n\n${lines.map((line) => `- ${line}`).join('\n')}`;
const list = (lines: readonly string[]): string => lines.map((line) => `- ${prose(line)}`).join('\n');
const paragraphs = (lines: readonly string[]): string => lines.map(prose).join('\n\n');

/** As on the page: longer than anything that Knowngood writes itself. Cut before it is escaped, which takes its time. */
const longestWords = 10_000;
const cut = (words: string): string => shorten(words, longestWords);
const prose = (words: string): string => escapeMarkdown(cut(words));
const code = (words: string): string => codeSpan(cut(words));
const cell = (words: string): string => codeCell(cut(words));
