/** The certificate that a command serves HTTPS with: read at its start, and again whenever its files are replaced. */
import { unwatchFile, watchFile } from 'node:fs';
import type { TlsPair } from '../codec/server.ts';
import { pairIn } from '../config/pem.ts';
import { stop } from './stop.ts';

export interface TlsOptions {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

export interface Pair {
  /** Throws `ProblemsError`. */
  read(): Promise<TlsPair>;
  /** `kept`: why what was replaced could not be taken. */
  follow(renewed: (pair: TlsPair) => void, kept: (why: string) => void): void;
  unfollow(): void;
}

/** By looking: a mounted Secret is replaced as a whole behind links, which no notice of a file system tells of. */
const lookEveryMs = 1_000;

/** null: HTTP. */
export function pairOf({ tlsCert, tlsKey }: TlsOptions, env: NodeJS.ProcessEnv): Pair | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined)
    throw stop({
      code: 'half-a-pair',
      message: `${tlsCert === undefined ? '--tls-key' : '--tls-cert'} is given without the other half`,
      hint: 'Name both: --tls-cert and --tls-key.',
    });
  const mismatch = `--tls-key "${tlsKey}" does not belong to --tls-cert "${tlsCert}"`;
  const read = (): Promise<TlsPair> =>
    pairIn({ where: '--tls-cert', path: tlsCert }, { where: '--tls-key', path: tlsKey }, mismatch, env);
  const both = [tlsCert, tlsKey];
  return {
    read,
    follow(renewed, kept) {
      const again = (): void =>
        void read()
          .then(renewed)
          .catch((error: Error) => kept(error.message));
      for (const path of both) watchFile(path, { interval: lookEveryMs, persistent: false }, again);
    },
    unfollow: () => both.forEach((path) => unwatchFile(path)),
  };
}
