/** What any Temporal client may send to have checks proven, understood or refused. */
import { z } from 'zod';
import type { CheckToProve } from './proof.ts';

/** More than any dependent has; a scratch server answers each of them twice. */
const mostChecks = 200;
const word = z.string().max(10_000);
const limit = z.number().int().min(1).max(600_000);

const common = {
  name: word,
  dependent: word,
  team: word.nullable(),
  level: z.enum(['required', 'advisory']),
  intervalMs: limit,
  timeoutMs: limit,
  thresholds: z.object({ failures: z.number(), errors: z.number(), successes: z.number() }),
  location: word,
  host: word,
  port: z.number().int().min(1).max(65_535),
};

const checkShape = z.discriminatedUnion('kind', [
  z.object({ ...common, kind: z.literal('tcp') }),
  z.object({
    ...common,
    kind: z.literal('sql'),
    database: word,
    user: word,
    password: word.nullable(),
    query: word,
    sslmode: z.enum(['disable', 'require', 'verify-ca', 'verify-full']),
    sslrootcert: word.nullable(),
    sourceAddress: word.nullable(),
  }),
]);

const shape = z.array(z.object({ check: checkShape, cut: z.array(word).max(mostChecks) })).max(mostChecks);

/** null: not of this form. */
export function parseChecksToProve(input: unknown): readonly CheckToProve[] | null {
  const parsed = shape.safeParse(input);
  return parsed.success ? parsed.data : null;
}
