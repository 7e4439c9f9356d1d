/** Why a server is not known-good although it runs: it would not start again, or runs something else than its files say. */
import type { Problem } from '../../domain/problem.ts';
import { holdsSecret } from '../../domain/conf/settings.ts';
import { normaliseValue } from '../../domain/conf/setting-value.ts';
import { holdsLiteralSecret } from '../../domain/secrets.ts';
import { tokeniseHba } from '../../domain/hba/tokens.ts';
import type { FileSet } from '../../domain/snapshot/files.ts';
import type { FilesOnDisk } from './capture-files.ts';
import { type ServerState, effectiveRows } from './server-state.ts';
import type { FileSettingRow, SettingRow } from './queries.ts';

const reloadHint = 'Look at the difference, then run "select pg_reload_conf()" or put the old file back.';

export function dirtyReasons(
  state: ServerState,
  { unseen, files }: Pick<FilesOnDisk, 'unseen' | 'files'>,
): readonly Problem[] {
  const rows = new Map(effectiveRows(state).map((row) => [row.name.toLowerCase(), row]));
  const pending = [...rows.values()].filter(({ pendingRestart }) => pendingRestart);
  return [
    ...pending.map(({ name, setting }): Problem => ({
      code: 'pending-restart',
      message: `setting "${name}" waits for a restart`,
      detail: `Running is ${shown(name, setting)}; the files say something else.`,
      hint: 'Restart the server, or take the line back and reload.',
    })),
    ...fileErrors(state.fileSettings, rows),
    ...notLoaded(state.fileSettings, rows),
    ...hbaErrors(state),
    ...identErrors(state),
    ...(state.server.versionNum < 150000 ? shortIdentLines(files, state.server.versionNum) : []),
    ...unseen.filter(({ changedAt }) => changedAt > state.server.loadedAt).map(changedSince(state.server.loadedAt)),
  ];
}

/**
 * No view shows the rules, maps and CAs that are in force. What is known: the kernel's time of a file's last change, which
 * nobody can set back, and the server's time of its last load. Later means perhaps not loaded; whether it matters is for people.
 */
function changedSince(loadedAt: number): (file: FilesOnDisk['unseen'][number]) => Problem {
  const text = (at: number): string => new Date(at).toISOString();
  return ({ path, role, changedAt }) => ({
    code: role === 'tls' ? 'tls-file-not-loaded' : 'access-file-not-loaded',
    message: `${path} was changed after the server last loaded its configuration`,
    detail: `Changed ${text(changedAt)}, loaded ${text(loadedAt)}. Only the times tell: the server shows nowhere what it loaded of it.`,
    hint: reloadHint,
  });
}

/**
 * A pending restart of a postmaster setting has the same text as a bad value: the server's own flag tells them apart, and
 * before a reload, which sets that flag, the value itself.
 */
function fileErrors(
  fileSettings: readonly FileSettingRow[],
  rows: ReadonlyMap<string, SettingRow>,
): readonly Problem[] {
  return fileSettings.flatMap((fileRow): Problem[] => {
    const row = rows.get(fileRow.name?.toLowerCase() ?? '');
    if (fileRow.error === null || (row?.context === 'postmaster' && row.pendingRestart)) return [];
    if (
      row?.context !== 'postmaster' ||
      sameValue(row, fileRow.setting ?? '') ||
      !normaliseValue(row, fileRow.setting ?? '').ok
    )
      return [fileError(fileRow)];
    return [
      {
        code: 'file-not-loaded',
        message: `setting "${row.name}" runs with another value than its file says`,
        detail: `${fileRow.file} line ${fileRow.line} says ${shown(row.name, fileRow.setting ?? '')}.`,
        hint: reloadHint,
      },
    ];
  });
}

export function fileError({ file, line, name, error }: FileSettingRow): Problem {
  return {
    code: 'file-error',
    message: `${file} line ${line}: ${name === null ? '' : `setting "${name}": `}${error}`,
    hint: 'The server would not start with this file.',
  };
}

/** The rules load when there is at least one, and each has a type; the view's error column misleads both ways. */
export function hbaErrors({ hba }: Pick<ServerState, 'hba'>): readonly Problem[] {
  const hint = 'The server keeps its old rules at a reload, and would not start with this file.';
  if (hba.length === 0) return [{ code: 'hba-would-not-load', message: 'pg_hba.conf holds no rule', hint }];
  return hba
    .filter(({ type }) => type === null)
    .map(({ line, error }) => ({
      code: 'hba-would-not-load',
      message: `pg_hba.conf line ${line} does not load`,
      ...(error === null ? {} : { detail: error }),
      hint,
    }));
}

/** At a reload the server keeps its old maps, at a start it goes on with none. */
export function identErrors({ ident }: Pick<ServerState, 'ident'>): readonly Problem[] {
  return ident.map(({ line, error }) => ({
    code: 'ident-would-not-load',
    message: `pg_ident.conf line ${line} does not load`,
    detail: error,
    hint: 'The server keeps its old user name maps at a reload, and would start with none at all.',
  }));
}

/** Before 15 there is no view of the maps; a line with too few fields is what goes wrong most. */
function shortIdentLines(files: FileSet, versionNum: number): readonly Problem[] {
  return [...files.values()]
    .filter(({ role }) => role === 'ident')
    .flatMap(({ content }) => tokeniseHba(content, versionNum))
    .filter(({ fields }) => fields.length > 0 && fields.length < 3)
    .flatMap(({ from }) => identErrors({ ident: [{ line: from, error: 'missing entry at end of line' }] }));
}

function notLoaded(fileSettings: readonly FileSettingRow[], rows: ReadonlyMap<string, SettingRow>): readonly Problem[] {
  const inFiles = new Map(
    fileSettings
      .filter(({ name, applied, error }) => name !== null && (applied || error !== null))
      .map((row) => [row.name?.toLowerCase() ?? '', row]),
  );
  // An unknown name or a broken line keeps everything from being applied: that is reported already.
  if (fileSettings.some(({ error }) => error !== null) && !fileSettings.some(({ applied }) => applied)) return [];
  const differs = (name: string, detail: string): Problem => ({
    code: 'file-not-loaded',
    message: `setting "${name}" runs with another value than its file says`,
    detail,
    hint: reloadHint,
  });
  const problems: Problem[] = [];
  for (const [key, { setting, error, file, line }] of inFiles) {
    const row = rows.get(key);
    if (row === undefined || error !== null || row.source === 'command line' || row.context === 'internal') continue;
    if (!sameValue(row, setting ?? ''))
      problems.push(differs(row.name, `${file} line ${line} says ${shown(row.name, setting ?? '')}.`));
  }
  for (const [key, row] of rows)
    if (row.source === 'configuration file' && !row.pendingRestart && !inFiles.has(key))
      problems.push(differs(row.name, 'No file says anything about it any more.'));
  return problems;
}

/** Problems travel: into workflow history, logs and messages. */
function shown(name: string, value: string): string {
  return holdsSecret(name) || holdsLiteralSecret(value) ? 'a secret' : value;
}

/** As far as it can be told without the server: strings may be shown in the server's own spelling. */
function sameValue(row: SettingRow, text: string): boolean {
  // What the server shows of archive_command while archive_mode is off (show_archive_command): it tells nothing.
  if (row.name === 'archive_command' && row.setting === '(disabled)') return true;
  const value = normaliseValue(row, text);
  const running = normaliseValue(row, row.setting);
  if (!value.ok || !running.ok || row.vartype === 'real') return true;
  if (row.vartype !== 'string') return value.value === running.value;
  const bare = (spelling: string): string => spelling.toLowerCase().replace(/[\s"]/g, '');
  return bare(text) === bare(row.setting);
}
