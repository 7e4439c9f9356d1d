/**
 * The known-good configuration of a server that was upgraded, as its new version takes it: files in their new places,
 * without what the new server would refuse, and everything that is compared afterwards. Every difference is an item.
 */
import { effectiveAssignments, walkConf } from '../conf/conf-tree.ts';
import { dirname } from '../conf/paths.ts';
import type { ValueRule } from '../conf/setting-value.ts';
import type { RevertItem } from '../plan.ts';
import { type ConfigFile, type FileSet, isAccessFile } from '../snapshot/files.ts';
import type { Sections } from '../snapshot.ts';
import { translateAccess } from './access.ts';
import { translateCatalogs } from './catalogs.ts';
import { changesBetween, majorOf } from './changes.ts';
import { type NewServer, type Translated, nameSettings, placeSettings, translateConf } from './conf.ts';
import { defaultItem, lineItem } from './notes.ts';
import { type MapPath, type Places, mapPlaces } from './places.ts';
import { changedDefaults, translateSettings } from './settings.ts';

/** `sections` null: SQL did not answer, and the files are all there is. */
export interface Engine {
  readonly places: Places;
  readonly versionNum: number;
  readonly files: FileSet;
  readonly sections: Sections | null;
}

export interface CarriedOver {
  readonly mapPath: MapPath;
  readonly files: FileSet;
  readonly sections: Sections | null;
  readonly items: readonly RevertItem[];
}

export function carryOver(old: Engine, now: Engine, rules: ReadonlyMap<string, ValueRule> = new Map()): CarriedOver {
  const mapPath = mapPlaces(old.places, now.places);
  const [from, to] = [majorOf(old.versionNum), majorOf(now.versionNum)];
  const names = now.sections?.settings.map(({ name }) => name.toLowerCase()) ?? null;
  const server: NewServer = {
    major: to,
    changes: changesBetween(from, to),
    mapPath,
    own: ownOf(now),
    known: names === null ? null : new Set(names),
    rules,
  };
  const items: RevertItem[] = [];
  const leftOut = new Set<string>();
  const files = new Map<string, ConfigFile>();
  for (const file of old.files.values()) {
    const path = mapPath(file.path);
    const { content, notes } = translateFile(file, old.places, server);
    files.set(path, { ...file, path, content });
    for (const line of notes) {
      items.push(lineItem(path, line));
      if (line.kind === 'left-out') leftOut.add(line.name.toLowerCase());
    }
  }
  const both = old.sections !== null && now.sections !== null ? { old: old.sections, now: now.sections } : null;
  if (both !== null) items.push(...changedDefaults(both.old.settings, server).map(defaultItem));
  return {
    mapPath,
    files,
    sections:
      both === null
        ? null
        : {
            server: both.now.server,
            // What stands for them is written by who knows how to digest them.
            files: [],
            settings: translateSettings(both.old.settings, both.now.settings, server, leftOut),
            ...translateCatalogs(both.old, both.now, { from, to }),
          },
    items,
  };
}

function translateFile(file: ConfigFile, old: Places, server: NewServer): Translated {
  if (file.role === 'main' || file.role === 'auto' || file.role === 'include')
    return translateConf(file.content, server);
  return isAccessFile(file.role)
    ? translateAccess(file.content, old, server.mapPath)
    : { content: file.content, notes: [] };
}

/** Names of itself that the new server has in its own files. */
function ownOf({ places, files }: Engine): NewServer['own'] {
  const names = [...files.keys()];
  const view = {
    read: (path: string): string | null => files.get(path)?.content ?? null,
    list: (folder: string): readonly string[] =>
      names.filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1)),
  };
  const auto = `${places.dataDirectory}/postgresql.auto.conf`;
  const set = effectiveAssignments(walkConf(places.paths.config, auto, view));
  const named = nameSettings.filter((name) => set.has(name));
  return new Map([...placeSettings, ...named].map((name) => [name, set.get(name)?.value ?? null]));
}
