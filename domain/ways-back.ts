/** The ways by which a revert reaches a server, each independent of the others: what is left when one is locked out. Pure. */

export interface WayBack {
  /** `owner`: of a managed target, whoever declares its configuration. */
  readonly way: 'files' | 'lifeline' | 'signal' | 'owner';
  /** It would work now. */
  readonly open: boolean;
  /** Through what, or why not. */
  readonly detail: string;
}

/** Without files nothing is restored, and without a session or a signal the server is not told of them. An owner does both. */
export function canGoBack(ways: readonly WayBack[]): boolean {
  const open = new Set(ways.filter((way) => way.open).map(({ way }) => way));
  if (ways.some(({ way }) => way === 'owner')) return open.has('owner');
  return open.has('files') && (open.has('lifeline') || open.has('signal'));
}

export function waysInWords(ways: readonly WayBack[]): string {
  return ways.map(({ way, open, detail }) => `${way} (${open ? detail : `no: ${detail}`})`).join(', ');
}
