/** Every kind of fault by its name. */
import type { Fault } from '../scenario.ts';
import type { Done, FaultContext } from './context.ts';
import { cut } from './cut.ts';
import { diskFull } from './disk-full.ts';
import { freeze } from './freeze.ts';
import { kill } from './kill.ts';
import { oldTask } from './old-task.ts';
import { cancel, reset, terminate } from './workflow.ts';

export function strike(context: FaultContext, fault: Fault): Promise<Done> {
  switch (fault.kind) {
    case 'kill':
      return kill(context, fault);
    case 'freeze':
      return freeze(context, fault);
    case 'cut':
      return cut(context, fault);
    case 'disk-full':
      return diskFull(context, fault);
    case 'terminate':
      return terminate(context);
    case 'cancel':
      return cancel(context);
    case 'reset':
      return reset(context, fault);
    case 'old-task':
      return oldTask(context, fault);
    default:
      return fault satisfies never;
  }
}
