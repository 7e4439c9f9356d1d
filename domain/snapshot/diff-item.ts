/** One difference between two snapshots. */
import type { Sections } from '../snapshot.ts';

export interface DiffItem {
  /** `file:<path>`, `setting:<name>`, `role:<name>`, `server:<field>`; of the catalogs see `keys.ts`. */
  readonly key: string;
  readonly section: keyof Sections;
  readonly kind: 'added' | 'removed' | 'changed';
  /** One line for people; secrets are fingerprints in snapshots already. */
  readonly summary: string;
}

export function item(section: keyof Sections, key: string, kind: DiffItem['kind'], summary: string): DiffItem {
  return { key, section, kind, summary };
}

type Shown = string | number | boolean | null;

/** `limit 3 → 4`. */
export function fromTo(field: string, from: Shown, to: Shown): readonly string[] {
  return from === to ? [] : [`${field} ${shown(from)} → ${shown(to)}`];
}

function shown(value: Shown): string {
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value ?? 'none');
}
