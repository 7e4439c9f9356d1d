/** `node dist/demo/upgrade/main.js <variant> <config dir> <restart argv…>`: the command that agent.yaml names. */
import { variants } from './new-version.ts';
import { upgrade } from './upgrade.ts';

const [name, configDir, ...restart] = process.argv.slice(2);
const variant = variants.find((each) => each === name);
if (variant === undefined || configDir === undefined || restart.length === 0) {
  console.error(`usage: upgrade <${variants.join('|')}> <config dir> <restart argv…>`);
  process.exit(2);
}
try {
  await upgrade({ variant, configDir, restart }, console.log);
  console.log('Processing triggers for postgresql-common ... done');
} catch (error) {
  console.error(
    `post-installation script returned an error: ${error instanceof Error ? error.message : String(error)}`,
  );
  process.exitCode = 1;
}
