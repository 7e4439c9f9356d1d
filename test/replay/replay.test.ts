/**
 * Today's workflow code replays the recorded histories of every released version: a gate for releases.
 * Record a version's anew with `KNOWNGOOD_RECORD_HISTORIES=test/replay/histories/<version> npm test -- test/workflows`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { workflowCode } from '../../worker/bundle.ts';
import { calmRuntime } from '../../worker/runtime-log.ts';

calmRuntime();
const bundled = workflowCode();
const histories = join(dirname(fileURLToPath(import.meta.url)), 'histories');

for (const version of readdirSync(histories).sort()) {
  describe(`histories of version ${version}`, () => {
    const files = readdirSync(join(histories, version)).sort();
    it('hold at least one of each outcome', () => {
      const outcomes = new Set(files.map((name) => name.split('-', 1)[0]));
      expect([...outcomes]).toEqual(expect.arrayContaining(['abandoned', 'aborted', 'kept', 'rejected', 'reverted']));
    });
    for (const name of files) {
      it(`replay ${name.replace('.json', '')}`, async () => {
        const history: unknown = JSON.parse(readFileSync(join(histories, version, name), 'utf8'));
        await Worker.runReplayHistory({ workflowBundle: await bundled }, history, idOf(history));
      });
    }
  });
}

/** The workflow checks nothing against its id, but the change's own is the honest one. */
function idOf(history: unknown): string {
  const [first] = (history as { events: { workflowExecutionStartedEventAttributes?: { workflowId?: string } }[] })
    .events;
  return first?.workflowExecutionStartedEventAttributes?.workflowId ?? 'knowngood:replayed:change';
}
