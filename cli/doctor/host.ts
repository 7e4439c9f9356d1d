/** The doctor's look on a database host: what the agent will meet. */
import type { AgentConfig } from '../../domain/config.ts';
import { looking, note, ok, problems } from './finding.ts';
import type { Finding } from './finding.ts';

export async function examineHost(config: AgentConfig): Promise<Finding[]> {
  const what = `agent ${config.target}`;
  const findings = [ok(what, config.path)];
  findings.push(
    ...(await looking(what, async () => {
      const { inspect } = await import('../../worker/inspect.ts');
      const { version, refused, dirty } = await inspect(config);
      if (version === null) return problems(what, refused);
      return [ok(what, `PostgreSQL ${version} can be guarded`), ...problems(what, dirty)];
    })),
  );
  if (config.restart === null)
    findings.push(
      note(what, 'has no restart command: changes that need a restart are refused', 'Set "restart" in agent.yaml.'),
    );
  if (config.store === null)
    findings.push({
      mark: 'problem',
      what,
      text: 'has no store: no change can be armed',
      hint: 'Add a "store" section to agent.yaml.',
    });
  return findings;
}
