/** A look for drift at a managed target: what is declared is in force once its members have taken it. */
import { askedHere } from '../postgres/access.ts';
import { openSessions } from '../postgres/looked.ts';
import type { Looked } from '../target.ts';
import { lookManaged } from './capture.ts';
import type { ManagedParts } from './parts.ts';

export async function lookForDrift(parts: ManagedParts): Promise<Looked> {
  const { captured, leader, state } = await lookManaged(parts);
  const { here, sessions } = await parts.on(leader).sql.any(async (session) => ({
    here: await askedHere(session),
    sessions: await openSessions(session),
  }));
  const facts = { loadedAt: state.server.loadedAt, changedAt: {}, unloadable: [], waitsIn: [], goneLines: false };
  return { captured, facts, onDisk: {}, here, sessions };
}
