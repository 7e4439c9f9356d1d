/** The files that take longest come first, so that no worker is left alone with one of them at the end. */
import TestSequencer from '@jest/test-sequencer';

/** Paths below test/, the longest first; Jest knows sizes of files only, and these are short to read and long to run. */
const long = [
  'integration/scenarios',
  'mutations/mutations',
  'browser/operator',
  'workflows/notices',
  'workflows/agent-alone',
  'workflows/scoped',
  'workflows/orphan',
  'workflows/graceful-stop',
  'cli/commands',
  'mutations/three-way',
  'deploy/units',
  'cli/guard',
  'targets/postgres/rehearsal/rehearse',
  'targets/postgres/revert-sql',
  'integration/',
  'browser/',
  'mutations/',
  'cli/',
  'workflows/',
  'chaos/',
];

function rank({ path }) {
  const found = long.findIndex((part) => path.includes(`/test/${part}`));
  return found === -1 ? long.length : found;
}

export default class Sequencer extends TestSequencer {
  sort(tests) {
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
