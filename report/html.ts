/** A report as one page that needs nothing else: no script, no font, no request; for screens, phones and paper. */
import type { ReportModel } from '../domain/report/report.ts';
import { markup, Markup } from './markup.ts';
import { causeSection, followUpsSection, resolutionSection } from './page-cause.ts';
import { impactSection } from './page-impact.ts';
import { pageHeader, summarySection } from './page-summary.ts';
import { timelineSection } from './page-timeline.ts';
import { style } from './style.ts';

// Should a text ever get past the escaping, the browser still loads and runs nothing.
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function reportHtml(model: ReportModel): string {
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${model.outcome}: ${model.target} ${model.changeId}</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <main>
          ${pageHeader(model)} ${summarySection(model)} ${impactSection(model)} ${timelineSection(model)}
          ${causeSection(model)} ${resolutionSection(model)} ${followUpsSection(model)}
          <footer><p>Knowngood · ${model.id}</p></footer>
        </main>
      </body>
    </html> `.text;
}
