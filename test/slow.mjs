/** Files, below test/, that `npm test` leaves to `npm run test:full`: each takes about a minute and more. */
export const slow = [
  'browser/operator',
  'deploy/units',
  'targets/postgres/rehearsal/rehearse',
  'workflows/graceful-stop',
  'workflows/scoped',
];
