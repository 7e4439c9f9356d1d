/** The shape of probe.yaml: local to a probe's host, and the only file that lets checks run programs there. */
import { z } from 'zod';
import { nameShape } from '../domain/shapes.schema.ts';
import { argvShape } from './shapes.schema.ts';

export const probeShape = z.strictObject({
  commands: z.record(nameShape, z.strictObject({ run: argvShape })).optional(),
});
