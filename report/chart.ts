/**
 * Pictures by Observable Plot, drawn here and not in the reader's browser: SVG that stands in the page. Its colours are the
 * page's own variables, so that one picture serves light, dark and paper.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { markup, Markup } from './markup.ts';

const { document } = parseHTML('<!doctype html><html></html>');

export interface Picture extends Plot.PlotOptions {
  /** Of title and description; unique in the page. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

export function drawn({ id, title, description, ...options }: Picture): Markup {
  const names = new Markup(` role="img" aria-labelledby="${id}-title ${id}-desc"`);
  const words = markup`<title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>`;
  return svgOf(options, names, words);
}

/** A sign beside words that say the same. */
export function icon(mark: Plot.Markish): Markup {
  const options = { width: 14, height: 14, margin: 0, className: 'icon', marks: [mark] };
  return svgOf(options, new Markup(' aria-hidden="true"'), null);
}

function svgOf(options: Plot.PlotOptions, attributes: Markup, first: Markup | null): Markup {
  const svg: string = Plot.plot({ className: 'chart', ...options, document: document as never }).outerHTML;
  // Plot's style sheet would stand in the page once a picture.
  const inside = svg.replace(/<style>.*?<\/style>/s, '').replace(/<[^>]+>/g, shorter);
  const end = inside.indexOf('>');
  return markup`${new Markup(inside.slice(0, end))}${attributes}>${first}${new Markup(inside.slice(end + 1))}`;
}

/** Of a tag: Plot's labels are for readers who can point at parts; a tenth of a pixel is enough, and a third of the bytes. */
function shorter(tag: string): string {
  return tag
    .replace(/ aria-label="[^"]*"/, '')
    .replace(/\d+\.\d\d+/g, (number) => String(Math.round(Number(number) * 10) / 10));
}
