/** Turns secret references into secrets, at the last moment and on the machine that uses them. */
import { readFile } from 'node:fs/promises';
import { referenceAnywhere } from '../domain/secrets.ts';
import { ProblemsError } from './problems-error.ts';

/** Replaces each reference in `text`; text without one comes back as it is. Errors name the reference, never the secret. */
export async function resolveSecret(text: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(referenceAnywhere)) {
    parts.push(text.slice(end, match.index), await resolveOne(match[1] ?? '', env));
    end = match.index + match[0].length;
  }
  return parts.join('') + text.slice(end);
}

/** For optional references: null stays null. */
export async function resolveOptionalSecret(
  text: string | null,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | null> {
  return text === null ? null : resolveSecret(text, env);
}

async function resolveOne(reference: string, env: NodeJS.ProcessEnv): Promise<string> {
  const [kind, name] = [reference.slice(0, reference.indexOf(':')), reference.slice(reference.indexOf(':') + 1)];
  if (kind === 'env') {
    const value = env[name];
    if (value === undefined || value === '')
      throw missing(`environment variable ${name} is not set`, `Set ${name} for this process.`);
    return value;
  }
  const value = await readFile(name, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw missing(
      `could not read secret file "${name}": ${error.code ?? 'unknown error'}`,
      'The file must be readable by the user that runs Knowngood.',
    );
  });
  // Editors and `echo` end a file with a line break, which is no part of the secret.
  const secret = value.replace(/\r?\n$/, '');
  if (secret === '') throw missing(`secret file "${name}" is empty`, 'Write the secret into it.');
  return secret;
}

function missing(message: string, hint: string): ProblemsError {
  return new ProblemsError([{ code: 'missing-secret', message, hint }]);
}
