/** What stands below the picture: dependents, files, report and addresses, a line each. Pure. */
import type { Colors } from 'picocolors/types.js';
import { differences } from './configuration.ts';
import type { ScenarioRun } from './scenario-run.ts';

export interface Addresses {
  /** null: none was written. */
  readonly report: string | null;
  /** In the Temporal Web UI; null: there is none. */
  readonly workflow: string | null;
}

export function renderSummary(run: ScenarioRun, { report, workflow }: Addresses, colors: Colors): string[] {
  const row = (label: string, text: string): string => `  ${colors.dim(label.padEnd(12))}${text}`;
  const { result, saw } = run;
  const good = (text: string): string => colors.green(text);
  return [
    row('outcome', `${result.outcome === 'kept' ? good('kept') : colors.yellow(result.outcome)} (${result.reason})`),
    row('dependents', result.dependents === 'still-failing' ? colors.red(result.dependents) : good(result.dependents)),
    row('shoppers', shoppersText(saw)),
    row('files', filesText(run, colors)),
    ...(report === null ? [] : [row('report', report)]),
    ...(workflow === null ? [] : [row('workflow', workflow)]),
  ];
}

function shoppersText({ images, brokenImages, hiddenByCdn, pages, brokenPages }: ScenarioRun['saw']): string {
  const cdn = hiddenByCdn > 0 ? `; the CDN hid ${hiddenByCdn} more` : '';
  return `${brokenImages} of ${images} pictures broken${cdn}; ${brokenPages} of ${pages} pages`;
}

function filesText({ result, before, after }: ScenarioRun, colors: Colors): string {
  const differing = differences(before, after);
  const count = Object.keys(before).length;
  if (differing.length === 0) return colors.green(`all ${count} byte-identical to before, mode and owner too`);
  const changed = `${differing.length} of ${count} changed: ${differing.join(', ')}`;
  return result.outcome === 'kept' ? changed : colors.red(changed);
}
