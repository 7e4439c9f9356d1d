/** The shape of `drift`: how often a target is looked at, and what of it is no drift. */
import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import { positiveDurationShape } from '../domain/shapes.schema.ts';

const shortestMs = 1_000;

export const driftShape = z.union(
  [
    z.literal(false),
    z.strictObject({
      every: positiveDurationShape
        // A Schedule of Temporal knows no shorter interval.
        .refine((text) => (parseDuration(text) ?? shortestMs) >= shortestMs, 'must be at least 1s')
        .optional()
        .meta({ description: 'between two looks, at least 1s', default: '5m' }),
      ignore: z
        .array(z.string().min(1, 'is empty').max(300, 'is too long'))
        .max(50, 'must be at most 50')
        .optional()
        .meta({
          description: 'keys of items that are no drift here, `*` standing for any text',
          examples: [['role:v-*']],
        }),
    }),
  ],
  { error: 'expected false, or a time such as { every: 5m }' },
);
