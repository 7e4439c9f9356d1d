/** The product's own apply and revert of a change, on a scratch server that runs with the old configuration. */
import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Problem } from '../../../domain/problem.ts';
import type { ChangeStep, PlannedChange, Target } from '../../target.ts';
import { identityOf } from '../identity.ts';
import type { PostgresTargetOptions } from '../options.ts';
import { messageOf } from '../target-error.ts';
import type { Configuration } from './candidate.ts';
import { connect } from './ask-scratch.ts';
import { problemOf } from './findings.ts';
import type { Stage } from './stage.ts';
import { type PrivateTree, contentIn, placeIn, settingIn } from './private-tree.ts';
import type { Scratch } from './scratch.ts';

export type OpenTarget = (options: PostgresTargetOptions) => Target;

interface Act {
  readonly stage: Stage;
  readonly scratch: Scratch;
  readonly tree: PrivateTree;
  readonly was: Configuration;
  readonly candidate: Configuration;
  readonly further: Readonly<Record<string, string>>;
  readonly steps: readonly ChangeStep[];
  readonly open: OpenTarget;
}

/** The server runs with the old configuration when this begins. */
export async function actAndRevert(act: Act): Promise<void> {
  const { stage, scratch, tree, further, open } = act;
  const { say } = stage;
  const connection = `postgresql://${tree.role}@/postgres?host=${encodeURIComponent(scratch.socketDir)}&port=${scratch.port}`;
  const restart = async (): Promise<Problem | null> => {
    await scratch.stop();
    const [problem] = await scratch.start(further);
    return problem ?? null;
  };
  const options = { database: { connection, password: null }, password: null, key: randomBytes(32), restart };
  const target = open(options);
  stage.atEnd(() => target.close());
  const client = await connect(scratch, tree);
  stage.atEnd(() => client.end());
  const tried = await inTheTree(act, client);
  await client.end();
  const before = await target.capture();
  const why = await target
    .apply({ summary: nothingPlanned, server: identityOf(before), steps: tried }, unfenced, unheard)
    .then(() => null, problemOf);
  say('the change is applied', why === null, why === null ? undefined : scratch.inOwnWords([why])[0]);
  // Half applied is to be reverted, too.
  const change = await target.capture().catch(() => null);
  const report = await target.revert({
    changeId: 'rehearsal',
    before,
    change,
    mayRestart: true,
    witnesses: [],
    fence: unfenced,
    say: unheard,
  });
  const left = [
    ...scratch.inOwnWords(report.remaining),
    ...(report.after === null ? [] : target.drift(before, report.after).map(notBack)),
  ].map((problem) => ({ ...problem, message: problem.message.replaceAll(tree.root, '') }));
  if (left.length === 0) say('the revert leads back, exactly', true);
  for (const problem of left) say('the revert leads back, exactly', false, problem);
}

function notBack(item: string): Problem {
  return { code: 'not-reverted', message: `${item} is not as it was before the change` };
}

const unfenced = (): void => undefined;
const unheard = (): void => undefined;
const nothingPlanned: PlannedChange['summary'] = {
  hash: '',
  items: [],
  moreItems: 0,
  effect: 'none',
  risk: 'low',
  diff: '',
  warnings: [],
};

/** The plan's steps with the paths of the tree. SQL stays as far as what it names is there: a scratch server has no tables. */
async function inTheTree(
  { steps, tree, was, candidate, stage }: Act,
  client: pg.Client,
): Promise<readonly ChangeStep[]> {
  const now = (path: string): string | null => {
    const file = was.files.get(path);
    if (file === undefined) return null;
    const content = contentIn(tree, was.roles.get(path) ?? 'other', file.content);
    return `sha256:${createHash('sha256').update(Buffer.from(content, 'latin1')).digest('hex')}`;
  };
  const mapped: ChangeStep[] = [];
  for (const step of steps) {
    if (step.do === 'write-file') {
      const content = Buffer.from(step.base64, 'base64').toString('latin1');
      const role = candidate.roles.get(step.path) ?? was.roles.get(step.path) ?? 'other';
      const base64 = Buffer.from(contentIn(tree, role, content), 'latin1').toString('base64');
      mapped.push({ ...step, path: placeIn(tree, step.path), base64, expectDigest: now(step.path) });
    } else if (step.do === 'remove-file')
      mapped.push({ ...step, path: placeIn(tree, step.path), expectDigest: now(step.path) ?? step.expectDigest });
    else if (step.do === 'alter-system') {
      // It was said already that this one is not tried.
      if (tree.leavesOut(step.name)) continue;
      mapped.push({ ...step, literals: step.literals?.map((literal) => settingIn(tree, step.name, literal)) ?? null });
    } else if (step.do === 'sql') {
      const why = await whyNotHere(client, step.database, step.statements);
      if (why === null) mapped.push(step);
      else
        stage.say(`SQL in database ${step.database}`, null, {
          code: 'sql-untried',
          message: 'SQL of the change was not tried',
          detail: `A scratch server has roles and empty databases: ${why}.`,
        });
    } else mapped.push(step);
  }
  return mapped;
}

/** Asked in a transaction that is rolled back. */
async function whyNotHere(client: pg.Client, database: string, statements: readonly string[]): Promise<string | null> {
  const there = new pg.Client({
    host: client.host,
    port: client.port,
    ...(client.user === undefined ? {} : { user: client.user }),
    database,
  });
  there.on('error', () => undefined);
  try {
    await there.connect();
    await there.query('begin');
    for (const statement of statements) await there.query(statement);
    return null;
  } catch (error) {
    return messageOf(error);
  } finally {
    await there.query('rollback').catch(() => undefined);
    await there.end().catch(() => undefined);
  }
}
