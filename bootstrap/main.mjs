/** From a fresh clone to a running command: installs and builds what is missing, then hands over. Node built-ins only. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, compile } from './build.mjs';
import { handOver } from './child.mjs';
import { install } from './install.mjs';
import { nodeOf } from './node.mjs';
import { slow } from '../test/slow.mjs';
import { say } from './progress.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const oldestNode = [20, 19];

const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  join('node_modules', 'jest', 'bin', 'jest.js'),
];

/** What runs after the set-up, by its name in package.json. */
const commands = {
  demo: (args) => node(['dist/cli/main.js', 'demo', ...args]),
  // Named ones run in any case.
  test: (args) => node([...jest, ...(args.length > 0 ? args : slow.map(left))]),
  'test:full': (args) => node([...jest, ...args], { KNOWNGOOD_TEST_FULL: '1' }),
  /** The tests under another Node: its major version, then paths. */
  'test:node': async ([major, ...args]) => node([...jest, ...args], {}, await nodeOf(major)),
  'test:chaos': async (args) => {
    await compile(root, 'test/chaos/tsconfig.json');
    return node(['dist/test/chaos/main.js', ...args]);
  },
  bench: (args) => node(['dist/bench/main.js', ...args]),
  build: async () => 0,
};

/** As a pattern that leaves it out. */
function left(file) {
  return `--testPathIgnorePatterns=/test/${file}\\.test\\.ts$`;
}

async function main([name = '', ...args]) {
  const command = commands[name];
  if (command === undefined) {
    say(`usage: node bootstrap/main.mjs ${Object.keys(commands).join(' | ')} [arguments…]`);
    return 1;
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    say(`Node ${process.versions.node} is too old: Knowngood needs ${oldestNode.join('.')} or newer.`);
    return 1;
  }
  process.chdir(root);
  await install(root);
  await build(root, { strict: name === 'build', force: name === 'build' });
  return await command(args);
}

function node(args, env = {}, program = process.execPath) {
  const script = args.find((arg) => arg.endsWith('.js'));
  if (!existsSync(script)) throw new Error(`${script} is missing: the build did not make it`);
  return handOver(program, args, { ...process.env, ...env });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(`knowngood: ${error.message}`);
  process.exitCode = 1;
}
