/** The agent's talk: one line each on stderr, whatever happens to Temporal and the store. */
import { oneLine } from '../domain/markdown.ts';

export interface Log {
  info(line: string): void;
  warn(line: string): void;
}

export const stderrLog: Log = {
  info: (line) => say('info', line),
  warn: (line) => say('warning', line),
};

function say(level: string, line: string): void {
  process.stderr.write(`${new Date().toISOString()} knowngood agent ${level}: ${oneLine(line)}\n`);
}
