/** The published JSON Schemas of our files, for editors. Generated: `schemas/` holds what this gives. */
import { z } from 'zod';
import { agentShape } from './agent.schema.ts';
import { changeFileShape } from './change-file.schema.ts';
import { knowngoodShape } from './knowngood.schema.ts';
import { probeShape } from './probe.schema.ts';
import { rolloutFileShape } from './rollout-file.schema.ts';

const shapes = {
  'knowngood.schema.json': { shape: knowngoodShape, title: 'knowngood.yaml: targets, their dependents and policies' },
  'agent.schema.json': { shape: agentShape, title: 'agent.yaml: the agent beside one PostgreSQL server' },
  'probe.schema.json': { shape: probeShape, title: 'probe.yaml: what checks may run on the host of a probe' },
  'change.schema.json': { shape: changeFileShape, title: 'change.yaml: a declared change' },
  'rollout.schema.json': { shape: rolloutFileShape, title: 'rollout.yaml: one change for many targets, in waves' },
} as const;

/** As people write it, not as it is once parsed. */
export function schemaOf(shape: z.ZodType): object {
  return z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' });
}

/** File name → text. */
export function jsonSchemas(): Record<string, string> {
  const files = Object.entries(shapes).map(([name, { shape, title }]) => {
    const schema = { title, ...schemaOf(shape) };
    return [name, `${JSON.stringify(schema, null, 2)}\n`];
  });
  return Object.fromEntries(files);
}
