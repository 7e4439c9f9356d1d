/** The shape of change.yaml: a declared change, whose files are named by path and read from disk. */
import { z } from 'zod';
import { configShape, overridesShape } from '../domain/change.schema.ts';
import { nameShape, textShape } from '../domain/shapes.schema.ts';

const { settings, hba, sql, restore, restart } = configShape.shape;

export const changeFileShape = z.strictObject({
  target: nameShape,
  changeId: nameShape.optional(),
  reason: textShape.optional(),
  change: z
    .strictObject({
      settings,
      hba,
      /** Path in the configuration → path on this disk, relative to the file; null removes it. */
      files: z
        .record(
          z.string().min(1, 'is empty'),
          z.union([z.string().min(1, 'is empty'), z.null()], { error: 'expected a path, or null to remove the file' }),
        )
        .optional(),
      sql,
      restore,
    })
    .refine((change) => Object.keys(change).length > 0, 'changes nothing'),
  restart,
  overrides: overridesShape.optional(),
});

export type ChangeFileInput = z.infer<typeof changeFileShape>;
