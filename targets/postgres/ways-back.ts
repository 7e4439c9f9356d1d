/** Opens the lifeline and sees by which ways the server could be reached now. Writes nothing. */
import { access, constants, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { WayBack } from '../../domain/ways-back.ts';
import type { Captured } from '../target.ts';
import type { Parts } from './parts.ts';
import { type Postmaster, findPostmaster, maySignal } from './postmaster.ts';
import { messageOf } from './target-error.ts';

export async function waysBackOn(
  { sql }: Parts,
  before: Pick<Captured, 'facts' | 'files'>,
): Promise<readonly WayBack[]> {
  const postmaster = await findPostmaster(before.facts.dataDirectory);
  const [files, pinned] = await Promise.all([filesWay(before), sql.lifeline.pin(postmaster)]);
  const lifeline: WayBack = pinned.open
    ? { way: 'lifeline', open: true, detail: pinned.place + (pinned.note === null ? '' : `; not ${pinned.note}`) }
    : { way: 'lifeline', open: false, detail: pinned.why };
  return [files, lifeline, signalWay(postmaster)];
}

/**
 * The configuration's own folders must be writable. Others, of includes and TLS files, are often root's, and a change of
 * the agent's own could not touch them either: they are named.
 */
async function filesWay({ facts, files }: Pick<Captured, 'facts' | 'files'>): Promise<WayBack> {
  const { dataDirectory, paths } = facts;
  const own = new Set([dirname(paths.config), dirname(paths.hba), dirname(paths.ident), dataDirectory]);
  for (const folder of own) {
    const why = await unwritable(folder);
    if (why !== null) return { way: 'files', open: false, detail: why };
  }
  // Where a symbolic link points, there the new file is written.
  const places = await Promise.all(files.map(({ path }) => realpath(path).catch(() => path)));
  const others = [...new Set(places.map((path) => dirname(path)))].filter((folder) => !own.has(folder));
  const whys = await Promise.all(others.map(unwritable));
  const not = whys.flatMap((why) => (why === null ? [] : [`not ${why}`]));
  const writable = others.filter((_, index) => whys[index] === null);
  return { way: 'files', open: true, detail: [[...own, ...writable].join(', '), ...not].join('; ') };
}

function unwritable(folder: string): Promise<string | null> {
  return access(folder, constants.W_OK | constants.X_OK).then(() => null, messageOf);
}

function signalWay(postmaster: Postmaster | null): WayBack {
  if (postmaster === null) return { way: 'signal', open: false, detail: 'no server process is seen from here' };
  return maySignal(postmaster)
    ? { way: 'signal', open: true, detail: `process ${postmaster.pid}` }
    : { way: 'signal', open: false, detail: `process ${postmaster.pid} belongs to another user` };
}
