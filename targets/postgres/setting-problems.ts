/** What only the server can say about single settings: whether this role may set them, and whether a text is accepted. */
import type { SettingValue } from '../../domain/change.ts';
import type { ServerSetting } from '../../domain/plan/context.ts';
import type { Problem } from '../../domain/problem.ts';
import { flattenLiterals, isList, isQuotedList, splitList } from '../../domain/conf/settings.ts';
import type { Session } from './sql-channel.ts';
import { messageOf } from './target-error.ts';

export function settingProblems(
  session: Session,
  versionNum: number,
  known: Known,
  settings: Wanted,
): Promise<ReadonlyMap<string, Problem>> {
  return askedOf(
    known,
    settings,
    async (setting, value) =>
      (await privilegeProblem(session, versionNum, setting.name, known)) ??
      (await textProblem(session, setting, value)),
  );
}

/** The texts alone, for settings that are not set by this role. */
export function textProblems(session: Session, known: Known, settings: Wanted): Promise<ReadonlyMap<string, Problem>> {
  return askedOf(known, settings, (setting, value) => textProblem(session, setting, value));
}

type Known = ReadonlyMap<string, ServerSetting>;
type Wanted = Readonly<Record<string, SettingValue | null>>;

async function askedOf(
  known: Known,
  settings: Wanted,
  ask: (setting: ServerSetting, value: SettingValue | null) => Promise<Problem | null>,
): Promise<ReadonlyMap<string, Problem>> {
  const problems = new Map<string, Problem>();
  for (const [given, value] of Object.entries(settings)) {
    const setting = known.get(given.toLowerCase());
    const problem = setting === undefined ? null : await ask(setting, value);
    if (setting !== undefined && problem !== null) problems.set(setting.name.toLowerCase(), problem);
  }
  return problems;
}

async function privilegeProblem(
  session: Session,
  versionNum: number,
  name: string,
  known: Known,
): Promise<Problem | null> {
  if (known.get('allow_alter_system')?.value === 'off')
    return {
      code: 'alter-system-forbidden',
      message: 'the server does not allow ALTER SYSTEM',
      detail: 'allow_alter_system is off: something else owns its configuration.',
      hint: 'Change the configuration where its owner keeps it, or give whole files.',
    };
  const may =
    versionNum >= 150000
      ? `pg_catalog.has_parameter_privilege($1, 'ALTER SYSTEM')`
      : `(select rolsuper from pg_catalog.pg_roles where rolname = current_user and $1::text is not null)`;
  const [row] = await session.rows<{ may: boolean; user: string }>(`select ${may} as may, current_user as "user"`, [
    name,
  ]);
  if (row?.may !== false) return null;
  return {
    code: 'insufficient-privilege',
    message: `role "${row.user}" may not set "${name}"`,
    hint:
      versionNum >= 150000
        ? `Run as a superuser: grant alter system on parameter ${name} to "${row.user}";`
        : 'Before PostgreSQL 15 only a superuser may: let the agent connect as one.',
  };
}

/** Texts have check hooks that only the server knows; what a session may set can be tried in a transaction and taken back. */
async function textProblem(
  session: Session,
  { name, vartype, context }: ServerSetting,
  value: SettingValue | null,
): Promise<Problem | null> {
  if (value === null || vartype !== 'string' || (context !== 'user' && context !== 'superuser')) return null;
  const text = textOf(name, value);
  if (text === null) return null;
  await session.script('begin');
  try {
    await session.rows('select pg_catalog.set_config($1, $2, true)', [name, text]);
    return null;
  } catch (error) {
    const message = messageOf(error);
    if (/permission denied/i.test(message)) return null;
    return { code: 'bad-value', message: `invalid value for setting "${name}": ${text}`, detail: message };
  } finally {
    await session.script('rollback');
  }
}

function textOf(name: string, value: SettingValue): string | null {
  if (Array.isArray(value)) return isList(name) ? flattenLiterals(name, value.map(String)) : null;
  if (!isQuotedList(name)) return String(value);
  const elements = splitList(String(value));
  return elements === null ? null : flattenLiterals(name, elements);
}
