/** Whether anybody is left who could put things right: superusers on the database host itself. Pure. */
import { parseAddress } from './address.ts';
import type { Asked } from './impact.ts';
import { type AccessState, loginSimulator } from './login.ts';

/** Of the ways that were open (or, as with `peer`, may have been) none is: asked again, they are all lost. Else empty. */
export function lostSuperusers(before: AccessState, after: AccessState): readonly Asked[] {
  const ways = before.roles.all
    .filter(({ superuser, login }) => superuser && login)
    .flatMap(({ name }) => ['local', '127.0.0.1'].map((from) => ({ user: name, from })));
  const [was, is] = [loginSimulator(before), loginSimulator(after)];
  const isOpen = (simulate: typeof was, { user, from }: (typeof ways)[number]): boolean => {
    const address = from === 'local' ? null : parseAddress(from);
    const principal = { user, database: 'postgres', address, tls: false };
    return simulate(principal).kind !== 'denied';
  };
  const open = ways.filter((way) => isOpen(was, way));
  if (open.some((way) => isOpen(is, way))) return [];
  return open.map((way) => ({
    ...way,
    database: 'postgres',
    tls: false,
    source: 'superuser',
    who: ['no superuser is let in on the database host any more'],
  }));
}
