/** The ways by which a revert reaches a server, each independent of the others: what is left when one is locked out. Pure. */

export interface WayBack {
  readonly way: 'files' | 'lifeline' | 'signal';
  /** It would work now. */
  readonly open: boolean;
  /** Through what, or why not. */
  readonly detail: string;
}

/** Without files nothing is restored, and without a session or a signal the server is not told of them. */
export function canGoBack(ways: readonly WayBack[]): boolean {
  const open = new Set(ways.filter((way) => way.open).map(({ way }) => way));
  return open.has('files') && (open.has('lifeline') || open.has('signal'));
}

export function waysInWords(ways: readonly WayBack[]): string {
  return ways.map(({ way, open, detail }) => `${way} (${open ? detail : `no: ${detail}`})`).join(', ');
}
