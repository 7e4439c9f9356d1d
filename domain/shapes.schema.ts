/** Small zod shapes that every file and request shares. */
import { z } from 'zod';
import { namePattern } from './change.ts';
import { durationForm, durationPattern, parseDuration } from './duration.ts';
import { says } from './issues.schema.ts';

export const nameShape = z
  .string()
  .max(63, 'is longer than 63 characters')
  .regex(namePattern, says('is not a valid name', 'Names are made of lower-case letters, digits and hyphens.'));

/** Halves of surrogate pairs, which JSON can escape and no file can hold, have no bytes in UTF-8. */
export const wellFormedShape = z.string().refine((text) => !/\p{Surrogate}/u.test(text), 'is not valid text');

/** Human text: stays one payload, keeps control characters out of terminals. */
export const textShape = wellFormedShape
  .max(2000, 'is longer than 2000 characters')
  .refine((text) => !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text), 'holds control characters');

const wrongDuration = (issue: { readonly input?: unknown }): string => {
  const shown =
    typeof issue.input === 'number' || typeof issue.input === 'string' ? JSON.stringify(issue.input) : 'this';
  return says(`${shown} is not a duration`, durationForm);
};

export const durationShape = z
  .string({ error: wrongDuration })
  .regex(durationPattern, { error: wrongDuration })
  .refine((text) => !durationPattern.test(text) || parseDuration(text) !== null, 'is longer than a year');

/** Where nothing at all makes no sense. */
export const positiveDurationShape = durationShape.refine(
  (text) => parseDuration(text) !== 0,
  'must be longer than zero',
);
