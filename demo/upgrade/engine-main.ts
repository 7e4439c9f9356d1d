/** `node dist/demo/upgrade/engine-main.js <plan>`: the command of agent.yaml that makes a 17 of the shop's 16. */
import { readFile } from 'node:fs/promises';
import { type EngineUpgrade, upgradeEngine } from './engine-upgrade.ts';

const [planFile] = process.argv.slice(2);
if (planFile === undefined) {
  console.error('usage: engine-main <plan>');
  process.exit(2);
}
try {
  await upgradeEngine(JSON.parse(await readFile(planFile, 'utf8')) as EngineUpgrade, console.log);
} catch (error) {
  console.error(`the upgrade failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
