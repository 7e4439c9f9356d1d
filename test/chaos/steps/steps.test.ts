/** A crash right before and right after durable steps: a sample here, all of them with KNOWNGOOD_TEST_FULL=1. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { AgentActivities, OrchestratorActivities, ProbeActivities } from '../../../activities/contract.ts';
import type { JournalPhase } from '../../../domain/phase.ts';
import { packageRoot } from '../../../worker/stack/package-root.ts';
import { inTurns } from '../series.ts';
import { setStage } from '../stage.ts';
import { crashAt, type CrashPoint, pointInWords, stepsOf } from './crash-run.ts';
import { crashPoints, knownSteps } from './known-steps.ts';

const known = Object.keys(knownSteps());
const full = process.env['KNOWNGOOD_TEST_FULL'] === '1';

/** Between the writes of a change, and between the two writes of an end. */
const sampled: readonly string[] = [
  'after agent: journal goes from armed to applying',
  'before agent: journal goes from reverting to reverted',
];
const sample = crashPoints().filter(({ step, when }) => sampled.includes(`${when} ${step}`));

/** `true`: a life takes it. A new activity does not compile before it is said here whether one does. */
const activities: Readonly<Record<keyof (AgentActivities & ProbeActivities & OrchestratorActivities), true | string>> =
  {
    ping: true,
    snapshot: true,
    plan: true,
    proveChecks: 'as rehearse',
    rehearse: 'writes on a scratch server only, which goes with it',
    arm: true,
    apply: true,
    captureApplied: true,
    deadline: true,
    confirm: true,
    revert: true,
    abandon: 'a person has given up an incomplete revert, and owns the target from there on',
    baseline: true,
    watch: true,
    recovery: true,
    admit: true,
    revertItems: 'writes by the steps of apply, and whatever fails in it is followed by the whole revert',
    access: 'reads only, in no guarded change',
    drift: 'as access',
    tryChecks: 'measures once, and writes nothing',
    checksOf: 'reads knowngood.yaml, changes nothing',
    claimedIdentity: 'reads a history, changes nothing',
    checkSignature: 'reads knowngood.yaml, changes nothing',
    wasReset: 'as claimedIdentity',
    driftTerms: 'reads only, in no guarded change',
    driftSeen: 'writes only to the store what was seen, in no guarded change',
    driftTold: 'as driftSeen',
    driftMissed: 'as driftSeen',
    driftLooksTold: 'as driftSeen',
    acceptSnapshot: 'one transaction of the store, in no guarded change',
    report: true,
    logLines: true,
    deliver: 'tells people, of whom the lives have none: nothing of a change waits for it',
    awaitAcknowledgement: 'as deliver',
    notifyPlan: 'reads only',
    channelsOf: 'reads only',
    admitRollout: 'touches no target; its changes have lives of their own',
    awaitChange: 'reads only',
    isUnderWay: 'reads only',
    undoOf: 'reads only',
    reportRollout: 'one transaction of the store, in no guarded change',
  };

const phases: Readonly<Record<JournalPhase, true | string>> = {
  armed: true,
  applying: true,
  applied: true,
  reverting: true,
  reverted: true,
  confirmed: true,
  abandoned: 'as the activity abandon',
};

/** Calls that change a file, by source file. One that is new here needs a life that takes it: see known-steps.ts. */
const fileWrites: Readonly<Record<string, number>> = {
  'agent/closed-changes.ts': 2,
  'agent/durable.ts': 6,
  'agent/journal-file.ts': 1,
  'agent/key-file.ts': 5,
  'agent/key.ts': 1,
  'agent/locks.ts': 3,
  'agent/reseal.ts': 5,
  'agent/sealed-bodies.ts': 3,
  'agent/spool.ts': 2,
  'agent/state-folder.ts': 1,
  'probes/sample-folder.ts': 3,
  'targets/postgres/apply.ts': 2,
  'targets/postgres/merge-record.ts': 1,
  'targets/postgres/revert-files.ts': 3,
  'targets/postgres/write-file.ts': 5,
  // A life has its key from before.
  'worker/report-key.ts': 3,
};

describe('the list of durable steps', () => {
  it('knows every activity and every phase of the journal', () => {
    const missing = [
      ...taken(activities).filter((name) => !known.some((step) => step.endsWith(`: activity ${name}`))),
      ...taken(phases).filter((phase) => !known.some((step) => step.includes('journal') && step.includes(phase))),
    ];
    expect(missing).toEqual([]);
  });

  it('was made when the code wrote files in these places', () => {
    const folders = ['agent', 'activities', 'probes', 'store', 'targets/postgres', 'worker'];
    const sources = folders.flatMap((folder) =>
      readdirSync(join(packageRoot, folder))
        // The bundle is made by the build.
        .filter((name) => name.endsWith('.ts') && name !== 'bundle.ts')
        .map((name) => `${folder}/${name}`),
    );
    const counts = sources.map((path) => [path, writesIn(readFileSync(join(packageRoot, path), 'utf8'))] as const);
    expect(Object.fromEntries(counts.filter(([, count]) => count > 0))).toEqual(fileWrites);
  });

  it('knows every step that lives of a change take', async () => {
    const stage = await setStage({ seeSteps: true });
    try {
      for (const [index, life] of ['command, kept', 'config, reverted'].entries()) {
        const { steps, run } = await stepsOf(stage, life, index);
        expect(run.violations).toEqual([]);
        expect(steps.length).toBeGreaterThan(40);
        expect(steps.filter((step) => !known.includes(step))).toEqual([]);
      }
    } finally {
      await stage.close();
    }
  }, 90_000);
});

describe('a crash', () => {
  it(`${full ? 'at every one of them' : 'at some of them'} leaves S or C, and a true record of which`, async () => {
    const points = full ? crashPoints() : sample;
    expect(points.length).toBeGreaterThanOrEqual(sampled.length);
    expect(await wrongAt(points)).toEqual([]);
  }, 7_200_000);
});

async function wrongAt(points: readonly CrashPoint[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  const indexes = points.map((_, index) => index);
  await inTurns(indexes, { parallel: 3, stage: { seeSteps: true } }, async (stage, index) => {
    const point = points[index];
    if (point === undefined) throw new Error('one index a point');
    const { crashed, run } = await crashAt(stage, point, index);
    const lines = crashed ? run.violations : ['the step was not taken'];
    wrong.push(...lines.map((line) => `${pointInWords(point)}: ${line}`));
    return run;
  });
  return wrong;
}

function taken(names: Readonly<Record<string, true | string>>): readonly string[] {
  return Object.entries(names).flatMap(([name, how]) => (how === true ? [name] : []));
}

function writesIn(source: string): number {
  const call =
    /\b(replaceDurably|replaceFile|removeFile|rename|renameSync|link|linkSync|unlink|unlinkSync|rm|rmSync|writeFile|writeFileSync|writeFileAtomic|appendFile)\(/g;
  return [...source.matchAll(call)].filter(({ index }) => !source.slice(0, index).endsWith('function ')).length;
}
