/** The shape of change.yaml: a declared change, whose files are named by path and read from disk. */
import { z } from 'zod';
import { configShape, overridesShape } from '../domain/change.schema.ts';
import { nameShape, textShape } from '../domain/shapes.schema.ts';

const { settings, hba, sql, restore, restart } = configShape.shape;

export const changeFileShape = z.strictObject({
  target: nameShape.meta({ description: 'the server to change', examples: ['shop-db'] }),
  changeId: nameShape.optional().describe('names the change, and is used once; default: made from the time'),
  reason: textShape.optional().describe('why, for people; shown everywhere, so no secrets'),
  change: z
    .strictObject({
      settings,
      hba,
      files: z
        .record(
          z.string().min(1, 'is empty'),
          z.union([z.string().min(1, 'is empty'), z.null()], { error: 'expected a path, or null to remove the file' }),
        )
        .optional()
        .meta({
          description: 'path in the configuration: path on this disk, relative to this file; `null` removes it',
          examples: [{ 'conf.d/memory.conf': './memory.conf' }],
        }),
      sql,
      restore,
    })
    .refine((change) => Object.keys(change).length > 0, 'changes nothing')
    .describe('what shall be otherwise; parts can be combined, `restore` stands alone (docs/changes.md)'),
  restart,
  overrides: overridesShape.optional().describe("instead of the policy's, for this change only, and recorded"),
});

export type ChangeFileInput = z.infer<typeof changeFileShape>;
