/** The doctor's look on a database host: what the agent will meet. */
import type { AgentConfig, DatabaseConfig } from '../../domain/config.ts';
import type { Problem } from '../../domain/problem.ts';
import type { DoctorCheck } from '../../worker/inspect.ts';
import { looking, note, ok, problems } from './finding.ts';
import type { Finding } from './finding.ts';

/** `embedded`: the store that `up` runs here, for an agent that names none. */
export async function examineHost(config: AgentConfig, embedded: DatabaseConfig | null): Promise<Finding[]> {
  const what = `agent ${config.target}`;
  const findings = [ok(what, config.path)];
  const look = async (): Promise<Finding[]> => {
    const { inspect } = await import('../../worker/inspect.ts');
    return (await inspect(config)).flatMap((check) => findingsOf(what, check));
  };
  findings.push(...(await looking(what, look)));
  if (config.store === null && embedded !== null) {
    findings.push(
      note(
        what,
        'names no store: it uses the one of "knowngood up"',
        'To run it by itself, add a "store" section to agent.yaml.',
      ),
    );
  } else if (config.store === null) {
    findings.push({
      mark: 'problem',
      what,
      text: 'has no store: no change can be armed',
      hint: 'Add a "store" section to agent.yaml, or start it with "knowngood up".',
    });
  }
  return findings;
}

/** Something to know, and no reason to stop. */
const notes: ReadonlySet<string> = new Set([
  'no-restart-command',
  'verifiers-unreadable',
  'maps-unreadable',
  'not-restorable',
  'owner-paused',
  'member-away',
]);

function findingsOf(what: string, { name, ok: isOk, problem, sql }: DoctorCheck): Finding[] {
  if (isOk) return [ok(what, name)];
  const found =
    problem !== undefined && notes.has(problem.code)
      ? [note(what, inWords(problem), problem.hint)]
      : problems(what, [problem ?? { code: 'failed', message: `not true: ${name}` }]);
  return sql === undefined ? found : found.map((finding) => ({ ...finding, sql }));
}

function inWords({ message, detail }: Problem): string {
  return detail === undefined ? message : `${message} (${detail})`;
}
