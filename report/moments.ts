/** The moments of a change: numbered in the pictures, named in the list below them. */
import { durationText, preciseTimeText } from '../domain/format.ts';
import type { Moment, MomentName } from '../domain/report/moments.ts';
import type { ReportModel } from '../domain/report/report.ts';
import { markup, type Markup } from './markup.ts';

const shown: readonly MomentName[] = [
  'armed',
  'applied',
  'firstFailure',
  'decided',
  'reverting',
  'restored',
  'recovered',
];

export function shownMoments({ moments }: ReportModel): readonly Moment[] {
  return moments.filter(({ name }) => shown.includes(name));
}

export function momentAt({ moments }: ReportModel, name: MomentName): number | null {
  return moments.find((moment) => moment.name === name)?.at ?? null;
}

export function momentList(model: ReportModel): Markup {
  const start = momentAt(model, 'applied') ?? momentAt(model, 'started') ?? 0;
  const entry = ({ name, label, at }: Moment, index: number): Markup =>
    markup`<li>
      <b style="background: var(--${name})">${index + 1}</b> ${label}
      <time>${preciseTimeText(at)}</time>${at > start ? markup` <span>+${durationText(at - start)}</span>` : null}
    </li>`;
  return markup`<ol class="moments">
    ${shownMoments(model).map(entry)}
  </ol>`;
}
