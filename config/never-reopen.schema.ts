/** What a revert leaves closed, in both files. */
import { z } from 'zod';
import { textShape } from '../domain/shapes.schema.ts';
import { isNetwork } from './network.ts';

/** They are asked of every rule, and travel with each change. */
const most = 50;

const role = textShape
  .min(1, 'is empty')
  .max(63, 'is longer than 63 characters')
  // A name that begins with a slash is an expression to pg_hba.conf, quoted or not.
  .refine((name) => !name.startsWith('/'), 'begins with a slash: pg_hba.conf cannot name it');

const networkShape = z
  .string()
  .refine((text) => isNetwork(text) && !text.includes('%'), 'is not an address or a network such as 203.0.113.0/24');

export const closedFields = {
  roles: z
    .array(role)
    .max(most, `must be at most ${most}`)
    .optional()
    .meta({ description: 'roles, by their exact names', examples: [['old_vendor']] }),
  from: z
    .array(networkShape)
    .max(most, `must be at most ${most}`)
    .optional()
    .meta({ description: 'addresses and networks', examples: [['203.0.113.0/24']] }),
  passwordless: z
    .boolean()
    .optional()
    .meta({ description: 'rules that let in from other machines by `trust` or `ident`', default: true }),
};
