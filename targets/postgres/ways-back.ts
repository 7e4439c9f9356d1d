/** Opens the lifeline and sees by which ways the server could be reached now. Writes nothing. */
import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { WayBack } from '../../domain/ways-back.ts';
import type { Captured } from '../target.ts';
import type { Parts } from './parts.ts';
import { type Postmaster, findPostmaster, maySignal } from './postmaster.ts';
import { messageOf } from './target-error.ts';

export async function waysBackOn({ sql }: Parts, facts: Captured['facts']): Promise<readonly WayBack[]> {
  const postmaster = await findPostmaster(facts.dataDirectory);
  const [files, pinned] = await Promise.all([filesWay(facts), sql.lifeline.pin(postmaster)]);
  const lifeline: WayBack = pinned.open
    ? { way: 'lifeline', open: true, detail: pinned.place + (pinned.note === null ? '' : `; not ${pinned.note}`) }
    : { way: 'lifeline', open: false, detail: pinned.why };
  return [files, lifeline, signalWay(postmaster)];
}

async function filesWay({ dataDirectory, paths }: Captured['facts']): Promise<WayBack> {
  const folders = [...new Set([dirname(paths.config), dirname(paths.hba), dataDirectory])];
  for (const folder of folders) {
    const why = await access(folder, constants.W_OK | constants.X_OK).then(() => null, messageOf);
    if (why !== null) return { way: 'files', open: false, detail: why };
  }
  return { way: 'files', open: true, detail: folders.join(', ') };
}

function signalWay(postmaster: Postmaster | null): WayBack {
  if (postmaster === null) return { way: 'signal', open: false, detail: 'no server process is seen from here' };
  return maySignal(postmaster)
    ? { way: 'signal', open: true, detail: `process ${postmaster.pid}` }
    : { way: 'signal', open: false, detail: `process ${postmaster.pid} belongs to another user` };
}
