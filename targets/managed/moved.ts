/** Settings that the primary would start with otherwise than it runs: what a restart of its members is about. */
import { normaliseValue } from '../../domain/conf/setting-value.ts';
import { contentOf } from '../../domain/snapshot/files.ts';
import { valueAt } from '../../domain/managed/document.ts';
import type { Moved } from '../../domain/managed/restart-order.ts';
import { declaredName, settingText } from '../../domain/managed/views.ts';
import { type SettingRow, settingsQuery } from '../postgres/queries.ts';
import type { Owned } from './owner.ts';
import { type ManagedParts, leaderOf } from './parts.ts';

/** Those that wait by the server's own flag, and those that are passed on its command line and are declared otherwise. */
export async function movedSettings(parts: ManagedParts, owned: Owned): Promise<readonly Moved[]> {
  const { owner } = parts;
  const rows = await parts
    .on(leaderOf(owned, owner))
    .sql.any((session) => session.rows<SettingRow & Record<string, unknown>>(settingsQuery));
  const waiting = new Set(owned.members.flatMap((member) => member.waiting ?? []));
  return rows.flatMap((row): Moved[] => {
    const usual = Object.hasOwn(owner.passed, row.name) ? owner.passed[row.name] : undefined;
    const declared = valueAt(owned.document, [
      ...owner.places.parameters,
      declaredName(owned.document, owner.places, row.name),
    ]);
    const text = settingText(declared) ?? usual ?? row.bootVal ?? '';
    const value = normaliseValue(row, contentOf(text));
    const to = value.ok ? value.value : text;
    const differs = usual !== undefined && to !== row.setting;
    if (!differs && !row.pendingRestart && !waiting.has(row.name)) return [];
    return [{ name: row.name, from: Number(row.setting), to: Number(to) }];
  });
}
