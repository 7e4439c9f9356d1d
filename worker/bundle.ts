/** Bundles the workflows once, at build time, so that a worker starts in half a second; run as a script by the build. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkerOptions } from '@temporalio/worker';

const workflowsFolder = fileURLToPath(new URL('../workflows/', import.meta.url));
const bundlePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/**
 * The bundle of the build where there is one (dist/), else the sources, bundled when the worker starts.
 * `encryptsFailures`: see workflows/failures.ts, which reads it. On the first line, so that stacks name the right ones.
 */
export async function workflowSource(encryptsFailures: boolean): Promise<Pick<WorkerOptions, 'workflowBundle'>> {
  const built = existsSync(bundlePath);
  if (!encryptsFailures) return { workflowBundle: built ? { codePath: bundlePath } : await workflowCode() };
  const { code } = built ? { code: await readFile(bundlePath, 'utf8') } : await workflowCode();
  return { workflowBundle: { code: `globalThis.knowngoodEncryptsFailures = true;${code}` } };
}

function sourceOf(name: string): string {
  const compiled = `${workflowsFolder}${name}.js`;
  return existsSync(compiled) ? compiled : `${workflowsFolder}${name}.ts`;
}

/** Bundles the sources anew, whatever a build has left. */
export async function workflowCode(): Promise<{ readonly code: string }> {
  return bundleWorkflowCode({
    workflowsPath: sourceOf('index'),
    // Part of the bundle alone: what activities and clients read is ours.
    payloadConverterPath: sourceOf('payloads'),
    failureConverterPath: sourceOf('failures'),
    workflowInterceptorModules: [sourceOf('traces')],
    logger: new DefaultLogger('WARN'),
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(bundlePath, (await workflowCode()).code);
}
