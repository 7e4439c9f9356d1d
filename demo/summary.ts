/** What stands below the picture: dependents, shoppers, files, report and addresses, a line each. Pure. */
import type { Colors } from 'picocolors/types.js';
import { oneLine, shorten } from '../domain/markdown.ts';
import type { ReportModel } from '../domain/report/report.ts';
import type { CheckReport } from '../domain/report/checks.ts';
import { differences } from './configuration.ts';
import type { ScenarioRun } from './scenario-run.ts';

export interface Found {
  /** The product's own report; null: none was written. */
  readonly report: { readonly path: string; readonly model: Pick<ReportModel, 'checks'> } | null;
  /** In the Temporal Web UI; null: there is none. */
  readonly workflow: string | null;
}

type State = CheckReport['state'];

/** The worst first: what is said of a dependent is what is true of its worst check. */
const states: readonly State[] = ['still-failing', 'failed', 'recovered', 'unaffected', 'not-measured'];
const reasonWidth = 46;

export function renderSummary(run: ScenarioRun, { report, workflow }: Found, colors: Colors): string[] {
  const { result, saw } = run;
  const grants = grantsText(run, colors);
  const outcome = result.outcome === 'kept' ? colors.green('kept') : colors.yellow(result.outcome);
  const rows: (readonly [label: string, text: string])[] = [
    ['outcome', `${outcome} (${result.reason})`],
    ...becauseRows(result),
    ...dependents(report?.model.checks ?? [], colors),
    ['pictures', `${failed(saw.brokenImages, saw.images)}${hidden(saw.hiddenByCdn)}`],
    ['pages', failed(saw.brokenPages, saw.pages)],
    ...engine(run),
    ['files', filesText(run, colors)],
    ...(grants === null ? [] : [['privileges', grants] as const]),
    ...(report === null ? [] : [['report', report.path] as const]),
    ...(workflow === null ? [] : [['workflow', workflow] as const]),
  ];
  return rows.map(([label, text]) => `  ${colors.dim(label.padEnd(15))}${text}`);
}

/** Which line of the change explains it; before anything is written, why it is refused. */
function becauseRows({ attribution = [], problems, outcome }: ScenarioRun['result']): [string, string][] {
  const refused = outcome === 'rejected' ? problems.map(({ message }) => message) : [];
  return [...attribution.flatMap(({ sentences }) => sentences), ...refused].map((text) => ['because', oneLine(text)]);
}

function dependents(checks: readonly CheckReport[], colors: Colors): [string, string][] {
  const names = [...new Set(checks.map(({ dependent }) => dependent))];
  return names.map((name) => {
    const own = checks.filter(({ dependent }) => dependent === name);
    const worst = own.sort((a, b) => states.indexOf(a.state) - states.indexOf(b.state))[0];
    const state = worst?.state ?? 'not-measured';
    const why = own.find(({ firstFailure }) => firstFailure !== null)?.firstFailure?.message ?? null;
    const painted = state === 'still-failing' || state === 'failed' ? colors.red(state) : colors.green(state);
    return [name, why === null ? painted : `${painted}: ${shorten(oneLine(why), reasonWidth)}`];
  });
}

const failed = (broken: number, all: number): string => `${broken} of ${all} did not load`;
const hidden = (byCdn: number): string => (byCdn === 0 ? '' : `; the CDN's cache hid ${byCdn} more`);

/** A server that was upgraded stays: only its configuration is put back. */
function engine({ majors: { before, after } }: ScenarioRun): (readonly [string, string])[] {
  return before === after
    ? []
    : [['server', `PostgreSQL ${after} now, ${before} before: a revert does not put it back`]];
}

function filesText({ result, before, after, adapted, majors }: ScenarioRun, colors: Colors): string {
  const differing = differences(before, after).filter(isFile);
  const count = Object.keys(before).filter(isFile).length;
  if (differing.length === 0 && adapted.length > 0) {
    const same = `${count - adapted.length} of ${count} byte-identical to before, mode and owner too`;
    return `${colors.green(same)}; ${adapted.join(', ')} as ${majors.after} takes it`;
  }
  if (differing.length === 0) return colors.green(`all ${count} byte-identical to before, mode and owner too`);
  const changed = `${differing.length} of ${count} changed: ${differing.join(', ')}`;
  return result.outcome === 'kept' ? changed : colors.red(changed);
}

/** The other entries are tables, with who may do what. */
const isFile = (name: string): boolean => name.endsWith('.conf');

function grantsText({ before, after }: ScenarioRun, colors: Colors): string | null {
  const tables = Object.keys(before).filter((name) => !isFile(name));
  if (tables.length === 0) return null;
  const differing = differences(before, after).filter((name) => !isFile(name));
  if (differing.length > 0) return colors.red(`changed: ${differing.join(', ')}`);
  return colors.green(`as before on all ${tables.length} tables`);
}
