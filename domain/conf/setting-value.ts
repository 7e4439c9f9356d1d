/** Values as PostgreSQL parses them (`parse_bool`, `parse_int`, `parse_real`, units, enums): checked and made comparable. */

/** A row of `pg_settings`, as far as it says what a value may be. */
export interface ValueRule {
  readonly vartype: string;
  readonly unit: string | null;
  readonly minVal: string | null;
  readonly maxVal: string | null;
  readonly enumvals: readonly string[] | null;
}

export type Normalised = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly why: string };

/** The form in which `pg_settings.setting` shows it; strings stay as they are (only the server knows more). */
export function normaliseValue(rule: ValueRule, text: string): Normalised {
  if (rule.vartype === 'bool') return normaliseBool(text);
  if (rule.vartype === 'enum') return normaliseEnum(rule.enumvals ?? [], text);
  if (rule.vartype === 'integer' || rule.vartype === 'real') return normaliseNumber(rule, text);
  return { ok: true, value: text };
}

const words = ['true', 'false', 'yes', 'no', 'on', 'off', '1', '0'];

/** Any unambiguous prefix, in any case: `t`, `of`, `YES`. */
function normaliseBool(text: string): Normalised {
  const word = text.toLowerCase();
  const meant = word === '' || word === 'o' ? undefined : words.find((candidate) => candidate.startsWith(word));
  if (meant === undefined) return { ok: false, why: 'It takes on or off.' };
  return { ok: true, value: ['true', 'yes', 'on', '1'].includes(meant) ? 'on' : 'off' };
}

/** Accepted, and not listed in `enumvals`. */
const hiddenAliases: Readonly<Record<string, string>> = { debug: 'debug2', archive: 'replica', hot_standby: 'replica' };

function normaliseEnum(allowed: readonly string[], text: string): Normalised {
  const word = text.toLowerCase();
  const bool = words.includes(word) ? normaliseBool(word) : null;
  // wal_compression since 15: a way to compress that is still called `on`, and shown by its name.
  if (bool?.ok && bool.value === 'on' && allowed.includes('pglz')) return { ok: true, value: 'pglz' };
  const known = allowed.find((candidate) => candidate.toLowerCase() === word);
  if (known !== undefined) return { ok: true, value: known };
  const alias = hiddenAliases[word];
  if (alias !== undefined && allowed.includes(alias)) return { ok: true, value: alias };
  if (bool?.ok && allowed.includes(bool.value)) return bool;
  return { ok: false, why: `It takes one of: ${allowed.join(', ')}.` };
}

const unitFactors = {
  memory: { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 },
  time: { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 },
} as const;

function normaliseNumber(rule: ValueRule, text: string): Normalised {
  const match = /^\s*([-+]?(?:0[xX][0-9a-fA-F]+|[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?))\s*([a-zA-Z]*)\s*$/.exec(text);
  const number = numberOf(match?.[1] ?? '', rule.vartype);
  if (match === null || number === null)
    return { ok: false, why: `It takes ${rule.vartype === 'real' ? 'a number' : 'a whole number'}${unitsOf(rule)}.` };
  const scaled = match[2] === '' ? number : scale(number, match[2] ?? '', rule.unit);
  if (scaled === null) return { ok: false, why: `"${match[2]}" is no unit of this setting${unitsOf(rule)}.` };
  const value = rule.vartype === 'integer' ? roundHalfEven(scaled) : scaled;
  const [min, max] = [Number(rule.minVal ?? '-Infinity'), Number(rule.maxVal ?? 'Infinity')];
  if (value < min || value > max)
    return {
      ok: false,
      why: `It must be between ${rule.minVal} and ${rule.maxVal}${rule.unit ? ` (in ${rule.unit})` : ''}.`,
    };
  return { ok: true, value: String(value) };
}

/** strtol with base 0 for integers: 0x is hexadecimal, a leading 0 octal. */
function numberOf(text: string, vartype: string): number | null {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '');
  if (/^0[xX]/.test(digits)) return sign * Number.parseInt(digits.slice(2), 16);
  if (vartype === 'integer' && /^0[0-7]+$/.test(digits)) return sign * Number.parseInt(digits, 8);
  if (!/[0-9]/.test(digits)) return null;
  const number = Number(digits);
  return Number.isNaN(number) ? null : sign * number;
}

function scale(number: number, unit: string, base: string | null): number | null {
  const [, count = '', baseUnit = ''] = /^(\d*)([a-zA-Z]+)$/.exec(base ?? '') ?? [];
  for (const factors of Object.values(unitFactors) as readonly Readonly<Record<string, number>>[]) {
    const [from, to] = [factors[unit], factors[baseUnit]];
    if (from !== undefined && to !== undefined) return (number * from) / (to * (count === '' ? 1 : Number(count)));
  }
  return null;
}

function unitsOf(rule: ValueRule): string {
  if (rule.unit === null) return '';
  return /(^|\d)(k|M)?B$/.test(rule.unit)
    ? ', with a unit of B, kB, MB, GB or TB'
    : ', with a unit of us, ms, s, min, h or d';
}

/** `rint`: what PostgreSQL rounds with. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded === 0 ? 0 : rounded;
}

const shownUnits = [
  ['kB', 'memory', ['TB', 'GB', 'MB', 'kB', 'B']],
  ['ms', 'time', ['d', 'h', 'min', 's', 'ms', 'us']],
] as const;

/** A normalised value as people write it: `65536` in kB is `64MB`; special values such as -1 and 0 stay plain. */
export function showValue(rule: Pick<ValueRule, 'vartype' | 'unit'>, value: string): string {
  if (rule.unit === null || rule.vartype !== 'integer' || !(Number(value) > 0)) return value === '' ? "''" : value;
  for (const [small, kind, units] of shownUnits) {
    const inSmall = scale(Number(value), rule.unit.replace(/^\d+/, ''), small);
    if (inSmall === null) continue;
    const amount =
      inSmall *
      Number(/^\d+/.exec(rule.unit)?.[0] ?? '1') *
      (unitFactors[kind] as Readonly<Record<string, number>>)[small]!;
    for (const unit of units) {
      const count = amount / (unitFactors[kind] as Readonly<Record<string, number>>)[unit]!;
      if (Number.isInteger(count)) return `${count}${unit}`;
    }
  }
  return `${value}${rule.unit}`;
}
