/** Takes one snapshot in a process of its own, as the agent does to store it, and says how much memory that took. */
import { randomBytes } from 'node:crypto';
import { createSealer } from '../agent/seal.ts';
import { encodeCaptured } from '../agent/captured.ts';
import { pack } from '../store/packed.ts';
import { createPostgresTarget } from '../targets/postgres/target.ts';

export interface ChildAnswer {
  readonly peakBytes: number;
  readonly rawBytes: number;
  /** What the store keeps of it: packed for people, sealed for the revert. */
  readonly storedBytes: number;
}

const [connection = '', password = ''] = process.argv.slice(2);
const key = randomBytes(32);
const target = createPostgresTarget({ database: { connection, password: null }, password, key, restart: null });
try {
  const captured = await target.capture();
  if (captured.snapshot === null) throw new Error('the server did not answer');
  const stored = (await pack(captured.snapshot)).length + createSealer(key).seal(encodeCaptured(captured)).length;
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const rawBytes = Buffer.byteLength(JSON.stringify(captured.snapshot));
  const answer: ChildAnswer = { peakBytes, rawBytes, storedBytes: stored };
  console.log(JSON.stringify(answer));
} finally {
  await target.close();
}
