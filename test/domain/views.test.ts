/** Links to lists: the ones in the documentation are the ones that the code makes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { listAddress, listViews } from '../../domain/views.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';

const views = listViews(Date.UTC(2026, 10, 26, 12), null);

it('names the filters in the language of Temporal', () => {
  expect(views.map(({ name, query }) => `${name}: ${query}`)).toMatchInlineSnapshot(`
   [
     "waiting: ExecutionStatus = "Running" AND KnowngoodPhase = "approve"",
     "in-force: ExecutionStatus = "Running" AND KnowngoodPhase IN ("apply", "watch", "hold")",
     "reverting: ExecutionStatus = "Running" AND KnowngoodPhase IN ("revert", "revert-incomplete", "verify")",
     "incomplete: ExecutionStatus = "Running" AND KnowngoodPhase = "revert-incomplete"",
     "reverted-this-week: KnowngoodOutcome = "reverted" AND CloseTime > "2026-11-19T12:00:00Z"",
     "kept-this-week: KnowngoodOutcome = "kept" AND CloseTime > "2026-11-19T12:00:00Z"",
     "nothing-touched-this-week: KnowngoodOutcome IN ("rejected", "aborted") AND CloseTime > "2026-11-19T12:00:00Z"",
     "ringing: WorkflowType = "sendNotice" AND ExecutionStatus = "Running"",
     "changes: WorkflowType = "guardedChange"",
     "rollouts: WorkflowType = "rollout" AND ExecutionStatus = "Running"",
     "all-rollouts: WorkflowType = "rollout"",
   ]
  `);
});

it('narrows every list to one target', () => {
  for (const { query } of listViews(0, 'shop-db')) expect(query).toMatch(/ AND KnowngoodTarget = "shop-db"$/);
});

it('stands in the documentation as it is made', () => {
  const page = readFileSync(join(packageRoot, 'docs', 'console.md'), 'utf8');
  for (const name of ['waiting', 'in-force', 'reverting']) {
    const view = views.find((one) => one.name === name)!;
    expect(page).toContain(`[${name}]: ${listAddress('http://localhost:8233', 'default', view)}\n`);
  }
});
