/** The shape of probe.yaml: local to a probe's host, and the only file that lets checks run programs there. */
import { z } from 'zod';
import { nameShape } from '../domain/shapes.schema.ts';
import { argvShape } from './shapes.schema.ts';

export const probeShape = z.strictObject({
  commands: z
    .record(
      nameShape,
      z.strictObject({
        run: argvShape.meta({
          description: 'the program and its arguments; no shell is involved',
          examples: [['/usr/local/lib/shop/smoke-test', '--upload']],
        }),
      }),
    )
    .optional()
    .describe('what checks of kind `command` may run here, by name'),
});
