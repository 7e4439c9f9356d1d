/** At boot the server waits for the agent, because an overdue revert belongs before its start: but never for long. */

const longestMs = 30_000;

export interface StartGate {
  readonly opened: Promise<void>;
  open(): void;
}

export function createStartGate(): StartGate {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const timer = setTimeout(open, longestMs).unref();
  return {
    opened,
    open() {
      clearTimeout(timer);
      open();
    },
  };
}
