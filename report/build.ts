/** From what the workflow and the store know to the faces of a report. Pure: the same input, the same bytes. */
import type { ReportInput } from '../domain/report/input.ts';
import { reportMarkdown } from '../domain/report/markdown.ts';
import { reportOf } from '../domain/report/report.ts';
import type { StoredReport } from '../store/store.ts';
import { signedEvidence } from './evidence.ts';
import { reportHtml } from './html.ts';
import type { Signer } from './signing-key.ts';

/** `signer` null: there is no key, and the report is not signed. */
export function buildReport(input: ReportInput, signer: Signer | null = null): StoredReport {
  const model = reportOf(input);
  const faces = { html: stored(reportHtml(model)), markdown: stored(reportMarkdown(model)) };
  const evidence = signer === null ? null : signedEvidence(input, model, faces, signer);
  return { id: model.id, ...faces, json: model, evidence };
}

/** As the store keeps it, which knows no NUL: what is signed is what comes out of it. */
const stored = (text: string): string => text.replaceAll('\u0000', '');
