/** What the doctor says of power: what the agent's role may set, what it could do beyond its work, and the roles of checks. */
import { excessInWords } from '../../domain/least-privilege/excess.ts';
import { type Prober, examineProber, settled } from '../../domain/least-privilege/prober.ts';
import { statementOf } from '../../domain/least-privilege/privilege.ts';
import {
  type SettingsAllowed,
  changeableSettings,
  refusedSettings,
  settingPrivileges,
} from '../../domain/least-privilege/reverter.ts';
import type { Sections } from '../../domain/snapshot.ts';
import type { Look } from './capture.ts';
import { type DoctorCheck, failed, passed } from './doctor-check.ts';
import type { DoctorSettings } from './doctor.ts';
import { readExcess, readSettable } from './held.ts';
import type { Parts } from './parts.ts';

const hint = 'See "knowngood doctor --sql".';

export async function powerChecks(
  { sql, endpoint }: Parts,
  { captured }: Look,
  { allowedSettings = [], probers = [] }: DoctorSettings,
): Promise<readonly DoctorCheck[]> {
  const sections = captured.snapshot?.sections;
  if (sections === undefined) return [];
  const { versionNum } = sections.server;
  const given = { settings: sections.settings, allowed: allowedSettings };
  const changeable = changeableSettings(given);
  const [excess, settable] = await sql.any(
    async (session) =>
      [
        excessInWords(await readExcess(session, versionNum, refusedSettings(given))),
        await readSettable(session, versionNum, changeable),
      ] as const,
  );
  const isSuperuser = sections.roles.some(({ name, superuser }) => superuser && name === endpoint.user);
  return [
    isSuperuser ? passed(settingsName) : settingsCheck(endpoint.user, settable.length, { ...given, versionNum }),
    excessCheck(`role "${endpoint.user}"`, excess),
    ...probers.flatMap((prober) => proberChecks(prober, sections)),
  ];
}

const settingsName = 'settings can be changed by ALTER SYSTEM';

function settingsCheck(user: string, settable: number, given: SettingsAllowed): DoctorCheck {
  const isGrantable = given.versionNum >= 150_000;
  const all = changeableSettings(given).length;
  if (isGrantable && settable === all) return passed(settingsName);
  const message = isGrantable
    ? `role "${user}" may set ${settable} of ${all} settings`
    : `role "${user}" may not use ALTER SYSTEM: before PostgreSQL 15 only a superuser may`;
  const files = 'A change of others is refused; whole files, conf.d among them, need no such right.';
  return {
    ...failed(settingsName, { code: 'settings-closed', message, hint: isGrantable ? `${files} ${hint}` : files }),
    sql: settingPrivileges(given).map((privilege) => statementOf(privilege, user, given.versionNum)),
  };
}

export function excessCheck(who: string, excess: readonly string[]): DoctorCheck {
  const name = `${who} can do no more than its work`;
  if (excess.length === 0) return passed(name);
  return failed(name, {
    code: 'more-than-needed',
    message: `${who} can do more than its work needs`,
    detail: `${excess.slice(0, shown).join('; ')}${excess.length > shown ? `; and ${excess.length - shown} more` : ''}.`,
    hint,
  });
}

/** What a line can bear. */
const shown = 5;

export function proberChecks(prober: Prober, sections: Sections): readonly DoctorCheck[] {
  const { lacking, excess } = examineProber(settled(prober, sections), sections);
  const who = `role "${prober.role}" of checks`;
  const name = `${who} can do what its checks do`;
  return [
    lacking.length === 0
      ? passed(name)
      : failed(name, {
          code: 'check-role-lacks',
          message: `${who} cannot do all that its checks do`,
          detail: `${lacking.join('; ')}.`,
          hint,
        }),
    excessCheck(who, excess),
  ];
}
