/** The `settings` part of a change: what ALTER SYSTEM will be told, and every reason to refuse it. */
import type { SettingValue } from '../change.ts';
import { contentOf } from '../snapshot/files.ts';
import { suggestion } from '../nearest.ts';
import type { PlanContext, ServerSetting } from './context.ts';
import type { Problem } from '../problem.ts';
import { holdsLiteralSecret } from '../secrets.ts';
import { byCodeUnit } from '../snapshot/canonical.ts';
import { flattenLiterals, holdsSecret, isDangerous, isList, isQuotedList, splitList } from '../conf/settings.ts';
import { normaliseValue } from '../conf/setting-value.ts';

export interface AlterSystem {
  readonly name: string;
  /** null: RESET. One literal an element. */
  readonly literals: readonly string[] | null;
}

export interface SettingsPlanned {
  /** By name: the order of a request's keys says nothing, and must not make another plan of it. */
  readonly alters: readonly AlterSystem[];
  /** Lists to be emptied: taken out of postgresql.auto.conf, which must leave them empty. */
  readonly emptied: readonly string[];
  readonly problems: readonly Problem[];
}

export function planSettings(
  context: PlanContext,
  settings: Readonly<Record<string, SettingValue | null>>,
): SettingsPlanned {
  const alters: AlterSystem[] = [];
  const emptied: string[] = [];
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(settings)) {
    if (seen.has(name.toLowerCase()))
      problems.push({ code: 'setting-twice', message: `setting "${name}" is given twice` });
    seen.add(name.toLowerCase());
    const known = context.settings.get(name.toLowerCase());
    const found = settingProblems(context, name, known, value);
    problems.push(...found);
    if (found.length > 0) continue;
    const literals = value === null ? null : literalsOf(known?.name ?? name, value);
    if (literals !== null && 'code' in literals) problems.push(literals);
    else {
      const empty = literals !== null && literals.length === 0;
      if (empty) emptied.push(known?.name ?? name);
      // An empty literal of a quoted list is saved as `""`, an element without a name: the server may never start again.
      alters.push({ name: known?.name ?? name, literals: empty ? null : literals });
    }
  }
  return { alters: alters.sort((a, b) => byCodeUnit(a.name, b.name)), emptied, problems };
}

function settingProblems(
  context: PlanContext,
  name: string,
  known: ServerSetting | undefined,
  value: SettingValue | null,
): readonly Problem[] {
  if (known === undefined) return value === null && name.includes('.') ? [] : [unknownSetting(context, name)];
  const problems: Problem[] = [];
  const refusal = notAllowed(context, known.name);
  if (refusal !== null) problems.push(refusal);
  if (known.context === 'internal')
    return [
      {
        code: 'setting-not-changeable',
        message: `setting "${known.name}" cannot be changed`,
        detail: 'The server computes it, or it was fixed when the server was built or initialised.',
      },
    ];
  if (value === null) return problems;
  if (holdsSecret(known.name) || holdsLiteralSecret(textsOf(value).join(' ')))
    problems.push(secretLiteral(`setting "${known.name}"`));
  if (known.source === 'command line')
    problems.push({
      code: 'setting-overridden',
      message: `setting "${known.name}" would not take effect`,
      detail: `Its value ${known.value} stands on the server's command line, which outranks every file.`,
      hint: 'Change it where the server is started.',
    });
  const bad = Array.isArray(value) && !isList(known.name) ? 'It is not a list.' : badValue(known, value);
  if (bad !== null)
    problems.push({
      code: 'bad-value',
      message: `invalid value for setting "${known.name}": ${textsOf(value).join(', ')}`,
      detail: bad,
    });
  const said = context.serverProblems.get(known.name.toLowerCase());
  if (said !== undefined && bad === null) problems.push(said);
  return problems;
}

function badValue(known: ServerSetting, value: SettingValue): string | null {
  const texts = textsOf(value);
  if (texts.some((text) => /[\0\n\r]/.test(text))) return 'It must be one line.';
  if (isList(known.name)) return null;
  const normalised = normaliseValue(known, texts[0] ?? '');
  return normalised.ok ? null : normalised.why;
}

export function unknownSetting(context: PlanContext, name: string, where = ''): Problem {
  const hint = suggestion(
    name,
    [...context.settings.values()].map((setting) => setting.name),
  );
  return {
    code: 'unknown-setting',
    message: `unknown setting "${name}"${where}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** Dangerous and not allowed by the agent. */
export function notAllowed(context: Pick<PlanContext, 'allowedSettings'>, name: string, where = ''): Problem | null {
  const key = name.toLowerCase();
  if (!isDangerous(key) || context.allowedSettings.some((allowed) => allowed.toLowerCase() === key)) return null;
  return {
    code: 'setting-not-allowed',
    message: `setting "${name}" may not be changed from afar${where}`,
    detail: 'It runs commands, loads code, or moves files that the server reads and writes.',
    hint: `If this agent may change it, add it to allow.settings in its agent.yaml.`,
  };
}

export function secretLiteral(what: string): Problem {
  return {
    code: 'secret-literal',
    message: `${what} would carry a literal secret`,
    hint: 'Secrets never travel in a change: set this on the host.',
  };
}

/** The literals for ALTER SYSTEM; a Problem when a text cannot be split into elements. */
function literalsOf(name: string, value: SettingValue): readonly string[] | Problem {
  if (!isQuotedList(name)) return textsOf(value);
  const elements = Array.isArray(value) ? value.map(String) : splitList(String(value));
  if (elements === null)
    return {
      code: 'bad-value',
      message: `invalid value for setting "${name}": ${String(value)}`,
      detail: 'It is not a list of names.',
    };
  // An empty literal of a quoted list is saved as `""`, an element without a name: the server may never start again.
  return elements.filter((element) => element !== '');
}

/** What postgresql.auto.conf will say, for looking ahead. */
export function autoConfEdits(alters: readonly AlterSystem[]): ReadonlyMap<string, string | null> {
  return new Map(
    alters.map(({ name, literals }) => [
      name.toLowerCase(),
      literals === null ? null : contentOf(flattenLiterals(name, literals)),
    ]),
  );
}

function textsOf(value: SettingValue): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  return [typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)];
}
