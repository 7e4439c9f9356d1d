/** Runs a piece of JavaScript in a process of its own, which a test may kill. It sees the compiled stack in dist/. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { packageRoot } from '../../../worker/stack/package-root.ts';

export interface Script {
  readonly process: ChildProcess;
  /** Its next line on standard output; rejects when it ends before. */
  line(): Promise<string>;
  readonly exited: Promise<number | null>;
}

/** `code` may `await`; `stack(name)` imports dist/worker/stack/<name>.js. */
export function script(code: string, env: NodeJS.ProcessEnv = {}): Script {
  const stack = pathToFileURL(join(packageRoot, 'dist', 'worker', 'stack')).href;
  const source = `const stack = (name) => import('${stack}/' + name + '.js');\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env, NODE_OPTIONS: '' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    line: async () => {
      const next = await lines.next();
      if (next.done === true) throw new Error('the script ended without another line');
      return next.value;
    },
    exited: new Promise((resolve) => child.once('exit', resolve)),
  };
}
