/** Keeps a service running until it ends or is told to. */
import type { Io } from './io.ts';
import type { ServiceManager } from './service-manager.ts';

export interface Service {
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** A second signal ends it at once: what is lost then is what a crash would lose. */
export async function untilSignal(service: Service, io: Io, manager?: ServiceManager): Promise<void> {
  let stopping = false;
  let told: () => void = () => undefined;
  const signalled = new Promise<void>((resolve) => (told = resolve));
  const onSignal = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    io.err('stopping');
    manager?.stopping();
    told();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await Promise.race([service.done, signalled]);
  } finally {
    await service.stop();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
