/** Every export becomes a workflow: nothing else may stand here. */
export { guardedChange } from './guarded-change.ts';
export { endOrphan } from './orphan.ts';
export { explainAccess, planChange, takeSnapshot } from './look.ts';
export { sendNotice } from './send-notice.ts';
export { testNotifications } from './test-notifications.ts';
export { proveChecks } from './proving.ts';
export { tryChecks } from './try-checks.ts';
export { acceptDrift } from './accept-drift.ts';
export { rollout } from './rollout.ts';
export { lookForDrift, watchDrift } from './watch-drift.ts';
