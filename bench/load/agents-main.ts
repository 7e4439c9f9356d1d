/** The simulated agents as a process. Arguments: the template's agent.yaml, then an agent.yaml each. Says `serving` when all poll. */
import { runSimulatedAgents } from './simulated-agents.ts';

const [templateYaml = '', ...yamls] = process.argv.slice(2);
const agents = await runSimulatedAgents(templateYaml, yamls);
console.log('serving');
await agents.done;
