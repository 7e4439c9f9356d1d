/** Files, below test/, that `npm test` leaves to `npm run test:full`: most take about a minute. */
export const slow = [
  'browser/operator',
  'deploy/units',
  'integration/rollout',
  'integration/scenarios',
  'mutations/three-way',
  'pipelines/github',
  'pipelines/others',
  'targets/postgres/rehearsal/rehearse',
  'workflows/agent-alone',
  'workflows/bystanders',
  'workflows/drift-told',
  'workflows/graceful-stop',
  'workflows/orphan',
  'workflows/rollout',
  'workflows/scoped',
];
