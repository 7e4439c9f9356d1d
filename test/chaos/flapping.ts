/** A dependent that is healthy and looks tired: it fails once or twice in a row, answers slowly, on a host under load. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { diceOf } from './dice.ts';

export interface Flapping {
  /** Its check, as lines of knowngood.yaml. */
  readonly checks: string;
  close(): Promise<void>;
}

/** One below the threshold of three failures in a row. */
const mostFailsInARow = 2;
/** As a timeout is to an interval: an answer that takes longer than the interval costs the measurement after it. */
const intervalMs = 300;
const slowestMs = 250;

export async function startFlapping(seed: number): Promise<Flapping> {
  const dice = diceOf(seed, -1);
  let left = dice.between(4, 9);
  let fails = false;
  const server = createServer((_, response) => {
    if (left === 0) {
      fails = !fails;
      left = fails ? dice.between(1, mostFailsInARow) : dice.between(4, 9);
    }
    left -= 1;
    response.statusCode = fails ? 503 : 200;
    void sleep(dice.chance(0.2) ? dice.between(50, slowestMs) : 0).then(() => response.end('a picture'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const load = startLoad();
  return {
    checks: `      page:
        http: { url: 'http://127.0.0.1:${port}/', status: 200 }
        interval: ${intervalMs}ms
        level: required`,
    async close() {
      load.kill('SIGKILL');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Half of one processor, in bursts; ends with the test, whose end closes its input. */
function startLoad(): ChildProcess {
  const script = `process.stdin.on('end', () => process.exit()).resume();
    setInterval(() => { const until = Date.now() + 200; while (Date.now() < until); }, 400);`;
  return spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'ignore', 'ignore'] });
}
