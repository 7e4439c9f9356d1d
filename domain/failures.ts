/** The one table of failures: it feeds retry policies, the docs and the CLI's hints. */
export const failures = {
  InvalidRequest: {
    retryable: false,
    means: 'the request or the configuration cannot be understood; nothing was touched',
  },
  UnknownTarget: { retryable: false, means: 'no such target in knowngood.yaml; nothing was touched' },
  NotOwner: { retryable: false, means: 'another run owns this change; this one may not write' },
  InsufficientPrivilege: { retryable: false, means: 'the agent lacks a privilege; the message names the grant' },
  TargetUnreachable: { retryable: true, means: 'no way to the target: neither SQL nor its files answer' },
  StoreUnreachable: { retryable: true, means: 'the store does not answer' },
  NotApplied: { retryable: false, means: 'a step of the apply failed; what was written is reverted' },
  NotDelivered: { retryable: true, means: 'a channel did not take a message; it is tried again, then another channel' },
  AgentInternal: { retryable: true, means: 'the agent hit an unforeseen error' },
} as const satisfies Record<string, { readonly retryable: boolean; readonly means: string }>;

export type FailureName = keyof typeof failures;

export const nonRetryable: string[] = Object.entries(failures)
  .filter(([, failure]) => !failure.retryable)
  .map(([name]) => name);
