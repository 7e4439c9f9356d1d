/** The shape of a change request from any client; `request.schema.ts` reads one with it. */
import { z } from 'zod';
import { says } from './issues.schema.ts';
import { durationShape, nameShape, positiveDurationShape, textShape, wellFormedShape } from './shapes.schema.ts';

const scalarShape = z.union([wellFormedShape, z.number(), z.boolean()]);
const settingShape = z.union(
  [
    scalarShape,
    z.array(z.union([wellFormedShape, z.number()])).min(1, 'an empty list would stop the server; null unsets'),
    z.null(),
  ],
  {
    error: (issue) =>
      issue.code === 'invalid_union' ? 'expected a value, a list of values, or null for "unset"' : undefined,
  },
);

const settingName = z
  .string()
  .max(63, 'is longer than 63 characters')
  .regex(/^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)*$/, 'is not a setting name');

const hbaLine = wellFormedShape
  .min(1, 'is empty')
  .max(10_000, 'is longer than 10000 characters')
  .refine((line) => !/[\r\n\u0000]/.test(line), says('is more than one line', 'Give each rule an entry of its own.'));

/** One object for `add` and `remove`, so that an error names the field instead of "no option fits". */
const hbaShape = z
  .strictObject({
    add: hbaLine.optional().meta({
      description: 'a rule to add, at the end of the file unless `after` or `before` says where',
      examples: ['hostssl shop image_svc 10.3.0.0/16 scram-sha-256'],
    }),
    after: hbaLine.optional().describe('an existing rule, compared word by word'),
    before: hbaLine.optional().describe('an existing rule'),
    remove: hbaLine.optional().describe('a rule to take out'),
  })
  .superRefine((edit, ctx) => {
    const say = (message: string): void => ctx.addIssue({ code: 'custom', message });
    if ((edit.add === undefined) === (edit.remove === undefined)) say('needs exactly one of "add" and "remove"');
    if (edit.after !== undefined && edit.before !== undefined) say('takes "after" or "before", not both');
    if (edit.remove !== undefined && (edit.after ?? edit.before) !== undefined)
      say('"remove" takes neither "after" nor "before"');
  });

const fileName = wellFormedShape
  .min(1, 'is empty')
  .max(1000, 'is longer than 1000 characters')
  .refine((path) => !path.includes('\u0000'), 'holds a NUL byte')
  .refine(
    (path) => !path.split('/').includes('..'),
    says('leaves the configuration folder', 'Paths are relative to the configuration folder and hold no "..".'),
  );

const fileBody = z
  .union([wellFormedShape, z.null()], { error: "expected the file's text, or null to remove it" })
  .refine((text) => text === null || !text.includes('\u0000'), 'holds a NUL byte');

const sqlShape = z.strictObject({
  database: z.string().min(1, 'is empty').max(63, 'is longer than 63 bytes').describe('where it runs'),
  statement: z
    .string()
    .min(1, 'is empty')
    .max(10_000, 'is longer than 10000 characters')
    .refine((text) => !text.includes('\u0000'), 'holds a NUL byte')
    .meta({
      description: 'one statement whose whole effect a snapshot covers',
      examples: ['grant select on images to image_svc'],
    }),
});

const snapshotIdShape = z.string().regex(/^[0-9a-f]{64}$/, 'is not the full id of a snapshot');

const restoreShape = z.strictObject({
  snapshot: snapshotIdShape.describe('full id of the snapshot to go back to'),
  only: z
    .array(z.string().min(1, 'is empty'))
    .min(1, 'is empty')
    .max(100, 'has more than 100 patterns')
    .optional()
    .meta({
      description: 'keys of items, `*` standing for any text; default: everything',
      examples: [['file:*/pg_hba.conf', 'setting:work_mem']],
    }),
  since: snapshotIdShape
    .optional()
    .describe('full id of the snapshot right after the change that is taken back: what others changed since survives'),
});

export const configShape = z
  .strictObject({
    kind: z.literal('config'),
    settings: z
      .record(settingName, settingShape)
      .optional()
      .meta({
        description: '`ALTER SYSTEM`; `null` goes back to unset, a list sets a list',
        examples: [{ work_mem: '64MB' }],
      }),
    hba: z
      .array(hbaShape)
      .max(1000, 'has more than 1000 edits')
      .optional()
      .describe('rules of `pg_hba.conf`, added and removed in this order'),
    files: z.record(fileName, fileBody).optional(),
    sql: z
      .array(sqlShape)
      .max(1000, 'has more than 1000 statements')
      .optional()
      .describe("run in this order, each database's in one transaction; needs `allow.sql` in agent.yaml"),
    restore: restoreShape.optional().describe('back to an earlier snapshot; stands alone'),
    restart: z
      .enum(['allowed', 'forbidden'])
      .optional()
      .meta({ description: 'whether making it, and reverting it, may restart the server', default: 'forbidden' }),
  })
  .superRefine((change, ctx) => {
    const size = [change.settings, change.hba, change.files, change.sql]
      .map((part) => Object.keys(part ?? {}).length)
      .reduce((sum, each) => sum + each);
    if (size > 0 && change.restore !== undefined)
      ctx.addIssue({ code: 'custom', message: '"restore" stands alone: give nothing else beside it' });
    if (size === 0 && change.restore === undefined)
      ctx.addIssue({ code: 'custom', message: says('changes nothing', 'Give settings, hba, files or sql.') });
  });

export const overridesShape = z.strictObject({
  soak: durationShape.optional().describe('watch the dependents this long before it is kept'),
  lease: positiveDurationShape.optional().describe('the agent reverts by itself when it hears nothing for this long'),
  applyTimeout: positiveDurationShape.optional().describe('a command or a pipeline must have ended within this time'),
  allowRedBaseline: z
    .boolean()
    .optional()
    .describe('go on although a required check is red before the change; it then decides nothing'),
  allowDirty: z.boolean().optional().describe('go on from a server whose files differ from what runs'),
  requireConfirm: z.boolean().optional().describe('keep only after an operator confirms at the end of the soak'),
  expectsReboot: z.boolean().optional().meta({
    description: 'the change reboots the host: the lease counts on over it, by the wall clock',
    default: false,
  }),
  allowAccessLoss: z
    .boolean()
    .optional()
    .meta({ description: 'go on although somebody loses access; a person has to approve it', default: false }),
  scoped: z
    .boolean()
    .optional()
    .describe('take back only what explains a failing check, and everything if that does not help'),
});

const changeShape = z.discriminatedUnion(
  'kind',
  [
    configShape,
    z.strictObject({ kind: z.literal('command'), name: nameShape }),
    z.strictObject({ kind: z.literal('external'), description: textShape.optional() }),
  ],
  { error: (issue) => (issue.code === 'invalid_union' ? 'kind must be "config", "command" or "external"' : undefined) },
);

export const changeRequestShape = z.strictObject({
  target: nameShape,
  changeId: nameShape,
  reason: textShape.optional(),
  requestedBy: wellFormedShape.min(1, 'is empty').max(200, 'is longer than 200 characters').optional(),
  change: changeShape,
  overrides: overridesShape.optional(),
});
