/** The floor's worker, a process of its own as ours is. Argument: Temporal's address. Says `serving` when it polls. */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { calmRuntime } from '../../worker/runtime-log.ts';
import { floorQueue } from './floor.ts';

calmRuntime();
const [address = ''] = process.argv.slice(2);
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: floorQueue,
  workflowsPath: fileURLToPath(new URL('floor-workflow.js', import.meta.url)),
  activities: { nothing: () => Promise.resolve() },
});
const running = worker.run();
console.log('serving');
await running;
