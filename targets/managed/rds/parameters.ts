/** What RDS says of the parameters of a group, and in which spelling it takes a value. Pure. */
import type { ConfigChange, SettingValue } from '../../../domain/change.ts';
import { flattenLiterals } from '../../../domain/conf/settings.ts';
import { type ValueRule, normaliseValue } from '../../../domain/conf/setting-value.ts';
import type { Problem } from '../../../domain/problem.ts';
import type { Considered } from '../owner.ts';

/** Of `DescribeDBParameters`. */
export interface GroupParameter {
  /** In RDS's spelling: `timezone`, where PostgreSQL says `TimeZone`. */
  readonly name: string;
  /** As RDS stores it: numbers in the base unit, `{DBInstanceClassMemory/32768}`; null: PostgreSQL's own default. */
  readonly value: string | null;
  /** Somebody has set it (`Source: user`): it is part of the configuration. */
  readonly isSet: boolean;
  /** `static`: only a reboot of the instance applies it. */
  readonly applyType: 'dynamic' | 'static';
  /** `integer`, `float`, `boolean`, `string`, `list`. */
  readonly dataType: string;
  /** `64-2147483647`, `on,off`, `-1,10-100`; null: RDS does not restrict it. */
  readonly allowedValues: string | null;
  readonly isModifiable: boolean;
}

export type ApplyMethod = 'immediate' | 'pending-reboot';

export function applyMethodOf({ applyType }: Pick<GroupParameter, 'applyType'>): ApplyMethod {
  return applyType === 'dynamic' ? 'immediate' : 'pending-reboot';
}

const number = String.raw`-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?`;
const rangePattern = new RegExp(`^(${number})-(${number})$`);

/** A list is allowed when each of its elements is. */
export function isAllowed(
  { allowedValues, dataType }: Pick<GroupParameter, 'allowedValues' | 'dataType'>,
  value: string,
): boolean {
  if (allowedValues === null || allowedValues === '') return true;
  const allowed = elementsOf(allowedValues);
  const values = dataType === 'list' ? elementsOf(value) : [value];
  return values.every((one) => allowed.some((item) => item === one || isInside(item, one)));
}

function elementsOf(text: string): readonly string[] {
  return text.split(',').map((item) => item.trim());
}

function isInside(range: string, value: string): boolean {
  const [, least, most] = rangePattern.exec(range) ?? [];
  if (least === undefined || most === undefined || value.trim() === '') return false;
  return Number(value) >= Number(least) && Number(value) <= Number(most);
}

/**
 * The spelling of a value that RDS takes: no units, and `1` or `on` by what the parameter lists. Where none is listed, as
 * `pg_settings` shows it.
 */
export function spelled(parameter: GroupParameter, rule: ValueRule | undefined, text: string): string {
  const normal = rule === undefined ? { ok: false as const } : normaliseValue(rule, text);
  if (!normal.ok) return text;
  const bit = { on: '1', off: '0' }[normal.value];
  const spellings = [...(bit === undefined ? [] : [bit]), normal.value, text.toLowerCase(), text];
  return spellings.find((spelling) => isAllowed(parameter, spelling)) ?? normal.value;
}

/** `parameters`: at least those that the change names, by lower-cased name; `rules` as `pg_settings` has them. */
export function considerSettings(
  { settings = {} }: Pick<ConfigChange, 'settings'>,
  parameters: ReadonlyMap<string, GroupParameter>,
  rules: ReadonlyMap<string, ValueRule & { readonly context: string }>,
): Considered {
  const refusals: Problem[] = [];
  const spellings = new Map<string, { readonly name: string; readonly value: string | null }>();
  const byMethod: Record<ApplyMethod, string[]> = { immediate: [], 'pending-reboot': [] };
  for (const [given, value] of Object.entries(settings)) {
    const key = given.toLowerCase();
    const parameter = parameters.get(key);
    const rule = rules.get(key);
    const to = value === null || parameter === undefined ? null : spelled(parameter, rule, textOf(given, value));
    const refusal = refusalOf(given, to, parameter, rule);
    if (refusal !== null) refusals.push(refusal);
    if (parameter === undefined || refusal !== null) continue;
    spellings.set(key, { name: parameter.name, value: to });
    byMethod[applyMethodOf(parameter)].push(parameter.name);
  }
  const notes = Object.entries(byMethod)
    .filter(([, names]) => names.length > 0)
    .map(([method, names]) => `RDS applies ${names.join(', ')} with apply_method ${method}`);
  return { refusals, notes, spellings };
}

function textOf(name: string, value: SettingValue): string {
  return typeof value === 'object' ? flattenLiterals(name, value.map(String)) : String(value);
}

function refusalOf(
  name: string,
  to: string | null,
  parameter: GroupParameter | undefined,
  rule: { readonly context: string } | undefined,
): Problem | null {
  const problem = (detail: string, hint?: string): Problem => ({
    code: 'setting-not-declarable',
    message: `setting "${name}" cannot be changed through an RDS parameter group`,
    detail,
    ...(hint === undefined ? {} : { hint }),
  });
  if (parameter === undefined) return problem('The parameter group of the instance has no such parameter.');
  if (!parameter.isModifiable) return problem('RDS lists it as not modifiable.');
  if (parameter.applyType === 'static' && rule !== undefined && rule.context !== 'postmaster')
    return problem(
      `RDS applies it at a reboot only, and PostgreSQL takes it without one (context ${rule.context}): what a plan says of its effect would be wrong.`,
      'Change it in the parameter group by hand, and reboot the instance.',
    );
  if (to === null || isAllowed(parameter, to)) return null;
  return {
    code: 'bad-value',
    message: `invalid value for setting "${name}": ${to}`,
    detail: `RDS takes ${parameter.allowedValues}.`,
    hint: 'RDS allows less than PostgreSQL does; numbers are in the base unit of the setting.',
  };
}
