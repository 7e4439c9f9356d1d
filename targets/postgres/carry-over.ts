/** S for the server that a declared upgrade has put in the old one's place: the same configuration, as that one takes it. */
import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { carryOver } from '../../domain/upgrade/carry-over.ts';
import { majorOf } from '../../domain/upgrade/changes.ts';
import { dirname } from '../../domain/conf/paths.ts';
import { snapshotOf } from '../../domain/snapshot/hash.ts';
import type { Captured, CarriedOver, Fence } from '../target.ts';
import { bodiesOf, fileEntries, fileSetOf } from './capture.ts';
import { engineNow } from './engine.ts';
import { newHasher } from './fingerprint.ts';
import type { Parts } from './parts.ts';
import { TargetError } from './target-error.ts';

/** S itself while it is still the old server, or none. Writes nothing. */
export async function carryOverOn(parts: Parts, before: Captured, change: Captured | null): Promise<Captured> {
  const now = await engineNow(parts, before.facts, change);
  if (now === null) return before;
  const { captured: after, rules } = now;
  const { facts } = after;
  if (majorOf(facts.versionNum) < majorOf(before.facts.versionNum)) throw olderServer(before, after);
  const carried = carryOver(engineOf(before), engineOf(after), rules);
  const { mapPath, files } = carried;
  const missing = (before.snapshot?.sections.files ?? [])
    .filter(({ role }) => role === 'missing-include')
    .map(({ path }) => mapPath(path));
  const entries = fileEntries({ files, missing }, facts.versionNum, parts.digest);
  const folders = [...before.includeDirs, ...before.files.map(({ path }) => dirname(path))];
  return {
    ...before,
    snapshot: carried.sections === null ? null : snapshotOf({ ...carried.sections, files: entries }, newHasher),
    files: bodiesOf(files),
    includeDirs: before.includeDirs.map(mapPath),
    facts: {
      ...facts,
      listed: {
        folders: before.facts.listed.folders.map(mapPath),
        files: before.facts.listed.files.map(mapPath),
      },
    },
    carried: {
      from: versionOf(before),
      to: versionOf(after),
      items: carried.items,
      folders: [...new Set(folders)].map((folder) => ({ path: mapPath(folder), like: folder })),
    },
  };
}

function engineOf({ facts, snapshot, ...captured }: Captured): Parameters<typeof carryOver>[0] {
  const { dataDirectory, paths, versionNum } = facts;
  return {
    places: { dataDirectory, paths },
    versionNum,
    files: fileSetOf(captured),
    sections: snapshot?.sections ?? null,
  };
}

function versionOf({ snapshot, facts }: Captured): string {
  return snapshot?.sections.server.version ?? String(majorOf(facts.versionNum));
}

function olderServer(before: Captured, after: Captured): TargetError {
  return new TargetError('NotApplied', [
    {
      code: 'older-server',
      message: `the server is PostgreSQL ${versionOf(after)} now, and was ${versionOf(before)}`,
      detail: 'A configuration is carried over to a newer version only.',
      hint: 'Nothing was written. Give the change up with "knowngood rescue --abandon" once you know why.',
    },
  ]);
}

/** Folders that the old server had and the new one has not, with the same mode and owner, the outermost first. */
export async function makeFolders({ folders }: CarriedOver, dataDirectory: string, fence: Fence): Promise<void> {
  for (const { path, like } of [...folders].sort((a, b) => a.path.length - b.path.length)) {
    if ((await stat(path).catch(() => null)) !== null) continue;
    const old = await stat(like).catch(() => null);
    const { uid, gid } = old ?? (await stat(dataDirectory));
    await fence();
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chown(path, uid, gid);
    await chmod(path, old === null ? 0o700 : old.mode & 0o7777);
  }
}
