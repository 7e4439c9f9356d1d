/** What a report rests on, signed by the worker that wrote it. */

export const up = `
  -- The text of a DSSE envelope, byte by byte; null: there was no key, or it was written by a release before 0.2.
  alter table knowngood.reports add column evidence text;
`;
