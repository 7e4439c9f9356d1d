/** Whether a changed item decides who gets in, or runs or loads something: one rule for plans, changes and acceptances. Pure. */
import { decidesAccess, isDangerous } from '../conf/settings.ts';
import type { DiffItem } from '../snapshot/diff-item.ts';
import { isAccessFile, isNamedFile } from '../snapshot/files.ts';
import type { FileRole } from '../snapshot.ts';

/** `role` undefined: nobody has told what the file is for, so it may decide. */
export function decidesOrRuns(section: DiffItem['section'], key: string, role: FileRole | undefined): boolean {
  if (section === 'settings') return settingDecides(key.slice(key.indexOf(':') + 1));
  if (section === 'files') return role === undefined || fileDecides(role);
  return section !== 'server';
}

export function settingDecides(name: string): boolean {
  return decidesAccess(name) || isDangerous(name);
}

/** Certificates and keys among them, and what starts the server. */
export function fileDecides(role: FileRole): boolean {
  return isAccessFile(role) || isNamedFile(role) || role === 'debian';
}
