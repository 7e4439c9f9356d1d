/** Tells systemd, where it has started this process, that the service is ready and alive. Elsewhere nothing is told. */
import { execa } from 'execa';
import type { Io } from './io.ts';

export interface ServiceManager {
  /** What is ordered after this service may start. */
  ready(): void;
  stopping(): void;
}

/** So many signs of life in the time after which systemd takes the process for hung. */
const signsInTime = 3;

/** Call it before anything is started: children must not inherit the socket, a PostgreSQL would speak on it as well. */
export function serviceManager({ env, err }: Pick<Io, 'env' | 'err'>): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUs } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  if (!socket) return { ready: () => undefined, stopping: () => undefined };
  let complained = false;
  const tell = (state: string): void => {
    execa('systemd-notify', [state], { env: { NOTIFY_SOCKET: socket } }).catch((error: Error) => {
      if (!complained) err(`systemd could not be told ${state}: ${error.message}`);
      complained = true;
    });
  };
  return {
    ready() {
      tell('READY=1');
      if (watchdogUs) setInterval(() => tell('WATCHDOG=1'), Number(watchdogUs) / 1_000 / signsInTime).unref();
    },
    stopping: () => tell('STOPPING=1'),
  };
}
