/** What the process of a command or a pipeline is told to do. */

export type Step =
  | { readonly kind: 'write'; readonly path: string; readonly text: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'sql'; readonly statement: string };

export interface Script {
  readonly dataDir: string;
  readonly socketDir: string;
  readonly port: number;
  readonly database: string;
  readonly pauseMs: number;
  /** It gives up then: a script whose server hangs must not write minutes later. */
  readonly withinMs: number;
  readonly steps: readonly Step[];
}
