/** The shapes of `approvers` and `groups`: who may approve, by which names and keys. */
import { z } from 'zod';
import { says } from '../domain/issues.schema.ts';
import { nameShape, textShape } from '../domain/shapes.schema.ts';
import { readPublicKeyLine } from '../signing/public-key.ts';

const identity = textShape.min(1, 'is empty').max(200, 'is longer than 200 characters');

export const publicKeyShape = z.string().superRefine((line, ctx) => {
  const read = readPublicKeyLine(line);
  if ('code' in read) ctx.addIssue({ code: 'custom', message: says(read.message, read.hint ?? '') });
});

/** They travel with every change that wants approvals, and a payload is to stay small. */
const mostApprovers = 200;

export const approversShape = z
  .record(
    nameShape,
    z.strictObject({
      identities: z
        .array(identity)
        .max(10, 'must be at most 10')
        .optional()
        .meta({
          description: 'what the clients of this person claim to be',
          examples: [['anna@example.com', 'anna@laptop']],
        }),
      keys: z
        .array(publicKeyShape)
        .max(10, 'must be at most 10')
        .optional()
        .describe('public Ed25519 keys that sign approvals, each a line as OpenSSH writes it'),
    }),
  )
  .refine((approvers) => Object.keys(approvers).length <= mostApprovers, `must be at most ${mostApprovers}`);

export const groupsShape = z.record(nameShape, z.array(nameShape).min(1, 'has no member'));
