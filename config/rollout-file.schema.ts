/** The shape of rollout.yaml: a declared change, and the targets that get it, in waves. */
import { z } from 'zod';
import { rolloutFields, rolloutIdShape } from '../domain/rollout-request.schema.ts';
import { changeFileShape } from './change-file.schema.ts';

const { change, restart } = changeFileShape.shape;

export const rolloutFileShape = z.strictObject({
  rollout: rolloutIdShape.optional().meta({
    description: 'names the rollout and the change on each target, and is used once; default: made from the time',
    examples: ['more-work-mem'],
  }),
  ...rolloutFields,
  change,
  restart,
});
