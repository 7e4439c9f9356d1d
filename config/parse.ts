/** One way for all three files: YAML, then shape, then what only the whole can tell; every problem with its place. */
import type { z } from 'zod';
import { describeIssues } from '../domain/issues.schema.ts';
import type { Issue } from '../domain/issues.schema.ts';
import type { Parsed } from '../domain/request.schema.ts';
import { readYaml } from './yaml.ts';

export function parseYaml<S extends z.ZodType>(
  text: string,
  name: string,
  shape: S,
  further: (value: z.infer<S>) => readonly Issue[] = () => [],
): Parsed<z.infer<S>> {
  const read = readYaml(text, name);
  if (read.kind === 'invalid') return read;
  const parsed = shape.safeParse(read.file.value ?? {});
  const issues = parsed.success ? further(parsed.data) : describeIssues(shape, parsed.error.issues);
  if (parsed.success && issues.length === 0) return { kind: 'ok', value: parsed.data };
  return { kind: 'invalid', problems: issues.map((issue) => read.file.place(issue)) };
}
