/** The shape of rollout.yaml: a declared change, and the targets that get it, in waves. */
import { z } from 'zod';
import { rolloutFields, rolloutIdShape } from '../domain/rollout-request.schema.ts';
import { changeFileShape } from './change-file.schema.ts';

const { change, restart } = changeFileShape.shape;

export const rolloutFileShape = z.strictObject({
  /** Names the rollout, and the change on each target; used once. */
  rollout: rolloutIdShape.optional(),
  ...rolloutFields,
  change,
  restart,
});
