/** Finds and reads the configuration files. Every "no" is thrown as one `ProblemsError` with all that is wrong. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { AgentConfig, KnowngoodConfig } from '../domain/config.ts';
import { parseAgentConfig } from './agent.ts';
import { parseKnowngoodConfig } from './knowngood.ts';
import { parseProbeConfig, type ProbeConfig } from './probe.ts';
import { ProblemsError } from './problems-error.ts';
import { sizeLimitBytes } from './yaml.ts';

export const knowngoodPaths = ['knowngood.yaml', '/etc/knowngood/knowngood.yaml'] as const;
export const probePaths = ['probe.yaml', '/etc/knowngood/probe.yaml'] as const;
export const agentPaths = ['agent.yaml', '/etc/knowngood/agent.yaml'] as const;

/** `path` undefined: the first of the usual places. */
export async function loadKnowngoodConfig(path?: string): Promise<KnowngoodConfig> {
  const { text, found } = await readFirst(path, knowngoodPaths, '--config');
  return knowngoodConfigOf(text, found);
}

/** Read at each call, parsed only when it has changed: for 200 targets a parse holds the process up for 60 ms. */
export function followKnowngoodConfig(path: string): () => Promise<KnowngoodConfig> {
  let last: { readonly text: string; readonly config: KnowngoodConfig } | null = null;
  return async () => {
    const text = await readText(path);
    if (last?.text !== text) last = { text, config: knowngoodConfigOf(text, path) };
    return last.config;
  };
}

function knowngoodConfigOf(text: string, path: string): KnowngoodConfig {
  const parsed = parseKnowngoodConfig(text, path);
  if (parsed.kind === 'invalid') throw new ProblemsError(parsed.problems);
  return parsed.value;
}

export async function loadAgentConfig(path?: string): Promise<AgentConfig> {
  const { text, found } = await readFirst(path, agentPaths, '--agent-config');
  const parsed = parseAgentConfig(text, found);
  if (parsed.kind === 'invalid') throw new ProblemsError(parsed.problems);
  return parsed.value;
}

/** null: no file was named, and there is none in the usual places: checks run no programs here. */
export async function loadProbeConfig(path?: string): Promise<ProbeConfig | null> {
  if (path === undefined && !(await firstOf(probePaths))) return null;
  const { text, found } = await readFirst(path, probePaths, '--probe-config');
  const parsed = parseProbeConfig(text, found);
  if (parsed.kind === 'invalid') throw new ProblemsError(parsed.problems);
  return parsed.value;
}

/** Reads a text file of a sane size, or throws what keeps it from being read. A pipe is read, a device without end is not. */
export async function readText(path: string): Promise<string> {
  try {
    const chunks: Buffer[] = [];
    // One byte more than allowed tells enough; the size that a file claims may be zero.
    for await (const chunk of createReadStream(path, { end: sizeLimitBytes })) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    if (bytes.length > sizeLimitBytes) throw unreadable(`${path}: is larger than ${sizeLimitBytes / 1024} KiB`);
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof ProblemsError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw unreadable(code === 'ENOENT' ? `file "${path}" does not exist` : `could not read file "${path}": ${code}`);
  }
}

async function readFirst(
  path: string | undefined,
  places: readonly string[],
  option: string,
): Promise<{ text: string; found: string }> {
  if (path !== undefined) return { text: await readText(path), found: path };
  const place = await firstOf(places);
  if (place !== null) return { text: await readText(place), found: place };
  throw new ProblemsError([
    {
      code: 'no-configuration',
      message: 'no configuration file found',
      detail: `Looked for ${places.join(' and ')}.`,
      hint: `Name it with ${option} FILE.`,
    },
  ]);
}

async function firstOf(places: readonly string[]): Promise<string | null> {
  for (const place of places) {
    const there = await stat(place).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
    );
    if (there) return place;
  }
  return null;
}

function unreadable(message: string): ProblemsError {
  return new ProblemsError([{ code: 'unreadable-file', message }]);
}
