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
  reason: textShape.optional().describe('why, for people; shown everywhere, so no secrets'),
  targets: z
    .strictObject({
      labels: z
        .string()
        .max(1000, 'is longer than 1000 characters')
        .refine((text) => parseSelector(text) !== null, says('is not a selector', selectorForm))
        .optional()
        .meta({
          description: 'terms over `labels` of targets that must all hold',
          examples: ['tier=production,region in (eu, us),!legacy'],
        }),
      names: names.optional().describe('these, in this order; with `labels`: those of both'),
      except: names.optional().describe('never these'),
    })
    .describe('which targets get the change'),
  canary: z
    .union([count(0), names], { error: 'expected how many targets come first, or their names' })
    .optional()
    .meta({ description: 'the first wave: so many targets, or these; 0: none', default: 1 }),
  waves: z
    .strictObject({
      size: count(1).optional().meta({ description: 'targets in each wave after the canary', default: 20 }),
      concurrency: count(1).optional().describe("changes open at a time; default: the wave's size"),
      pause: pauseShape
        .optional()
        .meta({ description: 'between waves; `manual`: until somebody says continue', default: '0s' }),
    })
    .optional()
    .describe('how those after the canary follow'),
  budget: z
    .strictObject({
      reverts: count(0)
        .optional()
        .meta({ description: 'targets whose change was in force and was taken back', default: 0 }),
      failures: count(0)
        .optional()
        .meta({ description: 'targets on which nothing was touched: refused, busy, no agent', default: 0 }),
      redDependents: count(0)
        .optional()
        .meta({ description: 'targets with a red dependent, before, by or after the change', default: 0 }),
    })
    .optional()
    .describe('how many may go wrong; one more halts the rollout'),
  onHalt: z.enum(['undo', 'keep', 'ask']).optional().meta({
    description: 'what becomes of targets that have kept the change when the rollout is halted',
    default: 'undo',
  }),
  askTimeout: positiveDurationShape
    .optional()
    .meta({ description: 'with `ask`: silence for so long is `undo`', default: '1h' }),
  overrides: overridesShape.optional().describe("instead of each target's policy, for this rollout only"),
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
