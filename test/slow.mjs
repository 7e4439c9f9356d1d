/** Files, below test/, that `npm test` leaves to `npm run test:full`: each takes about a minute. */
export const slow = [
  'browser/operator',
  'deploy/units',
  'pipelines/github',
  'targets/postgres/rehearsal/rehearse',
  'workflows/graceful-stop',
  'workflows/scoped',
];
