/** What of a candidate is not tried as it stands, so that the host is not harmed; and what that leaves unknown. */
import { effectiveAssignments } from '../../../domain/conf/conf-tree.ts';
import type { ChangeStep } from '../../target.ts';
import type { Configuration } from './candidate.ts';
import type { Findings } from './findings.ts';
import { whyKept } from './neutral.ts';
import { judgeMemory, megabytes, readMemory } from './room.ts';
import type { Scratch } from './scratch.ts';

/** For who tries something else than its memory. */
export const little = { shared_buffers: '16MB', huge_pages: 'off' } as const;

/** What this try keeps at other values than the candidate's, so that it harms nobody. null: it must not be started. */
export async function boundsOf(
  scratch: Scratch,
  candidate: Configuration,
  versionNum: number,
  say: Findings['say'],
): Promise<Readonly<Record<string, string>> | null> {
  const further: Record<string, string> = {};
  const values = effectiveAssignments(candidate.conf);
  if ((values.get('ssl_passphrase_command')?.value ?? '') !== '') {
    further['ssl'] = 'off';
    say('TLS of the candidate', null, {
      code: 'tls-untried',
      message: 'TLS was not tried',
      detail: 'Its key needs ssl_passphrase_command, and a scratch server runs no commands.',
    });
  }
  // A sandbox that keeps the agent from it says nothing about the live server.
  if (values.get('io_method')?.value.toLowerCase() === 'io_uring') further['io_method'] = 'worker';
  const memory = await readMemory();
  const need = await sharedMemory(scratch, versionNum, further);
  const verdict = judgeMemory({ bytes: need, hugePages: await valueOf(scratch, 'huge_pages', further) }, memory);
  if (verdict.problem === null) {
    say(`memory of the candidate (${megabytes(need)} shared)`, true);
    return further;
  }
  say('memory of the candidate', verdict.ok, verdict.problem);
  if (verdict.ok === false) return null;
  const less = { ...further, ...little };
  // Whatever else takes so much (max_connections, for one) is not tried either.
  const small = judgeMemory({ bytes: await sharedMemory(scratch, versionNum, less), hugePages: 'off' }, memory);
  return small.problem === null ? less : null;
}

async function sharedMemory(
  scratch: Scratch,
  versionNum: number,
  further: Readonly<Record<string, string>>,
): Promise<number> {
  const atStart = Number(await valueOf(scratch, 'min_dynamic_shared_memory', further)) * 1024 * 1024;
  if (versionNum >= 150_000)
    return Number(await valueOf(scratch, 'shared_memory_size', further)) * 1024 * 1024 + atStart;
  const connections = Number(await valueOf(scratch, 'max_connections', further));
  return Number(await valueOf(scratch, 'shared_buffers', further)) * 8192 + connections * 20_000 + atStart;
}

async function valueOf(scratch: Scratch, name: string, further: Readonly<Record<string, string>>): Promise<string> {
  return (await scratch.ask(name, further)).stdout.trim();
}

export function sayUntried(
  say: Findings['say'],
  ...[steps, was, candidate, further]: Parameters<typeof untriedOf>
): void {
  for (const name of untriedOf(steps, was, candidate, further))
    say(`${name} of the candidate`, null, {
      code: 'setting-untried',
      message: `the value of "${name}" was read, and not tried`,
      detail: `A scratch server is kept at another one: ${whyKept(name) ?? 'it would take too much of this host'}.`,
    });
}

/** Settings that the change touches and the scratch server does not take from it. */
function untriedOf(
  steps: readonly ChangeStep[],
  was: Configuration,
  candidate: Configuration,
  further: Readonly<Record<string, string>>,
): readonly string[] {
  if (steps.length === 0) return [];
  const [a, b] = [effectiveAssignments(was.conf), effectiveAssignments(candidate.conf)];
  return [...new Set([...a.keys(), ...b.keys()])].filter(
    (name) => a.get(name)?.value !== b.get(name)?.value && (whyKept(name) !== null || further[name] !== undefined),
  );
}
