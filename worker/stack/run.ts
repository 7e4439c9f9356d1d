/** Runs a command to its end, under a keeper. */
import { type KeepOptions, keep } from './keeper.ts';

export interface Ran {
  readonly code: number;
  /** The last lines of both outputs. */
  readonly output: string;
}

/** Never rejects for an exit code. 127: there is no such command. */
export async function run(command: string, args: readonly string[], options: KeepOptions = {}): Promise<Ran> {
  const kept = await keep(command, args, options);
  // A kept child does not hold the event loop; somebody waits for this one.
  const hold = setInterval(() => {}, 60_000);
  try {
    const code = await kept.exited;
    return { code, output: kept.tail() };
  } finally {
    clearInterval(hold);
  }
}
