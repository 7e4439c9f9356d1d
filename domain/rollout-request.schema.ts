/** Reads a rollout's request from any client: its shape, and all that a change of one target is held to. */
import { z } from 'zod';
import { configShape, overridesShape } from './change.schema.ts';
import { parseDuration } from './duration.ts';
import { describeIssues, says } from './issues.schema.ts';
import { type Parsed, parseChangeRequest } from './request.schema.ts';
import { nameShape, positiveDurationShape, textShape, wellFormedShape } from './shapes.schema.ts';
import { changeOf, longestRolloutId, mostTargets, type RolloutRequest } from './rollout/rollout.ts';
import { parseSelector, selectorForm } from './rollout/selector.ts';

const names = z.array(nameShape).min(1, 'is empty').max(mostTargets, `has more than ${mostTargets} targets`);

const count = (least: number) =>
  z
    .int({ error: 'expected a whole number' })
    .min(least, `must be at least ${least}`)
    .max(mostTargets, `must be at most ${mostTargets}`);

const pauseShape = z
  .string()
  .refine(
    (text) => text === 'manual' || parseDuration(text) !== null,
    says('is not a pause', 'Write a duration such as "10m", or "manual" to wait until somebody says continue.'),
  );

export const rolloutIdShape = nameShape.max(longestRolloutId, `is longer than ${longestRolloutId} characters`);

/** All but the names and the change: the same in rollout.yaml. */
export const rolloutFields = {
  reason: textShape.optional(),
  targets: z.strictObject({
    labels: z
      .string()
      .max(1000, 'is longer than 1000 characters')
      .refine((text) => parseSelector(text) !== null, says('is not a selector', selectorForm))
      .optional(),
    names: names.optional(),
    except: names.optional(),
  }),
  canary: z.union([count(0), names], { error: 'expected how many targets come first, or their names' }).optional(),
  waves: z
    .strictObject({ size: count(1).optional(), concurrency: count(1).optional(), pause: pauseShape.optional() })
    .optional(),
  budget: z
    .strictObject({ reverts: count(0).optional(), failures: count(0).optional(), redDependents: count(0).optional() })
    .optional(),
  onHalt: z.enum(['undo', 'keep', 'ask']).optional(),
  askTimeout: positiveDurationShape.optional(),
  overrides: overridesShape.optional(),
};

const rolloutShape = z.strictObject({
  rolloutId: rolloutIdShape,
  requestedBy: wellFormedShape.min(1, 'is empty').max(200, 'is longer than 200 characters').optional(),
  change: configShape,
  ...rolloutFields,
});

export function parseRolloutRequest(input: unknown): Parsed<RolloutRequest> {
  const parsed = rolloutShape.safeParse(input);
  if (!parsed.success)
    return {
      kind: 'invalid',
      problems: describeIssues(rolloutShape, parsed.error.issues).map(({ problem }) => problem),
    };
  const request = parsed.data as RolloutRequest;
  if (request.change.restore !== undefined)
    return {
      kind: 'invalid',
      problems: [
        {
          code: 'restore-in-rollout',
          message: 'change.restore: a snapshot belongs to one target',
          hint: 'Restore it there: knowngood snapshot restore.',
        },
      ],
    };
  const asOne = parseChangeRequest(changeOf(request, 'target'));
  return asOne.kind === 'invalid' ? asOne : { kind: 'ok', value: request };
}
