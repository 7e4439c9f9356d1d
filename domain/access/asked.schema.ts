/** What any Temporal client may ask about who gets in, understood or refused. */
import { z } from 'zod';
import type { Asked } from './impact.ts';

/** More than anybody declares; whoever was seen is not sent, the agent has it. */
const mostAsked = 2_000;

/** Longer than names and addresses are, and what people write beside them. */
const word = z.string().max(300);

/** What is needed inside of a database is not asked here. */
const shape = z
  .array(
    z.object({
      user: word,
      database: word,
      from: word.nullable(),
      tls: z.boolean(),
      replication: z.boolean().default(false),
      source: z.enum(['declared', 'check']),
      who: z.array(word).max(20),
    }),
  )
  .max(mostAsked);

/** null: not of this form. */
export function parseAsked(input: unknown): readonly Asked[] | null {
  const parsed = shape.safeParse(input);
  return parsed.success ? parsed.data : null;
}
