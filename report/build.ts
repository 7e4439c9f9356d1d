/** From what the workflow and the store know to the three faces of a report. Pure: the same input, the same bytes. */
import { reportMarkdown } from '../domain/report/markdown.ts';
import { reportOf, type ReportModel } from '../domain/report/report.ts';
import type { ReportInput } from '../domain/report/input.ts';
import type { StoredReport } from '../store/store.ts';
import { reportHtml } from './html.ts';

export function buildReport(input: ReportInput): StoredReport {
  const model = reportOf(input);
  return { id: model.id, ...renderReport(model) };
}

export function renderReport(model: ReportModel): {
  readonly html: string;
  readonly markdown: string;
  readonly json: ReportModel;
} {
  return { html: reportHtml(model), markdown: reportMarkdown(model), json: model };
}
