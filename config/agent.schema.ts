/** The shape of agent.yaml: local to the database host, and the only file that gives power over it. */
import { z } from 'zod';
import { says } from '../domain/issues.schema.ts';
import { nameShape, positiveDurationShape } from '../domain/shapes.schema.ts';
import { absolutePath, databaseShape, storeShape, temporalShape } from './shapes.schema.ts';

const argv = z
  .array(z.string().min(1, 'is empty'), {
    error: says('expected a list of words', 'Write [pg_ctlcluster, "17", main, restart]: no shell is involved.'),
  })
  .min(1, 'is empty');

const commandShape = z.strictObject({
  run: argv,
  timeout: positiveDurationShape.optional(),
  restarts: z.boolean().optional(),
});

export const agentShape = z.strictObject({
  target: nameShape,
  ...databaseShape,
  stateDir: absolutePath.optional(),
  keyFile: absolutePath.optional(),
  restart: argv.optional(),
  commands: z.record(nameShape, commandShape).optional(),
  allow: z
    .strictObject({
      settings: z.array(z.string().min(1, 'is empty')).optional(),
      paths: z.array(absolutePath).optional(),
      sql: z.boolean().optional(),
    })
    .optional(),
  standbys: z.array(z.strictObject(databaseShape)).optional(),
  store: storeShape.optional(),
  temporal: temporalShape.optional(),
});

export type AgentInput = z.infer<typeof agentShape>;
