/** The chaos test itself, on one calm run: it finds nothing where nothing is wrong, and each thing that is. */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { makeChange } from './change.ts';
import { type Configuration, configurationOf, database } from './configuration.ts';
import { type Ended, violations } from './invariant.ts';
import { changeIdOf, targetName } from './names.ts';
import { type RunResult, runScenario } from './run.ts';
import { scenarioOf, type Scenario } from './scenario.ts';
import { type Stage, setStage } from './stage.ts';
import { closedRecord } from './target-state.ts';

const scenario: Scenario = {
  ...scenarioOf(1, 1),
  kind: 'config',
  parts: ['setting', 'file', 'new-file', 'hba', 'grant', 'limit'],
  abort: null,
  faults: [],
};
let stage: Stage;
let before: Configuration;
let expected: Configuration;
let result: RunResult;

beforeAll(async () => {
  stage = await setStage();
  before = await configurationOf(stage.target);
  ({ expected } = await makeChange(scenario, before, stage.target));
  result = await runScenario(stage, scenario);
}, 120_000);
afterAll(() => stage?.close());

async function found(bend: Partial<Ended> = {}): Promise<readonly string[]> {
  const changeId = changeIdOf(scenario);
  const closed = closedRecord(stage.stateDir, changeId);
  const row = await stage.store.change(targetName, changeId);
  return violations(stage, scenario, { before, expected, closed, row, workflow: 'COMPLETED', ...bend });
}

const inData = (name: string): string => join(stage.target.dataDir, name);

async function query(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: stage.target.url('postgres', database, stage.target.password) });
  await client.connect();
  await client.query(sql);
  await client.end();
}

describe('the invariant', () => {
  it('holds after a calm run, which kept what was foreseen to the byte and by every grant', async () => {
    expect(result).toMatchObject({ outcome: 'kept', violations: [] });
    expect(await found()).toEqual([]);
  });

  it('sees a byte too much in a file', async () => {
    const text = readFileSync(inData('pg_hba.conf'), 'utf8');
    appendFileSync(inData('pg_hba.conf'), '# more\n');
    expect(await found()).toEqual(['configuration is not C: pg_hba.conf: +# more']);
    writeFileSync(inData('pg_hba.conf'), text);
    expect(await found()).toEqual([]);
  });

  it('sees a file that nobody asked for', async () => {
    writeFileSync(inData('conf.d/more.conf'), '');
    expect(await found()).toEqual(['configuration is not C: conf.d/more.conf is there and should not be']);
    rmSync(inData('conf.d/more.conf'));
  });

  it('sees a privilege and a role that differ', async () => {
    await query('grant insert on orders to report_svc; alter role report_svc createdb');
    expect(await found()).toEqual([
      expect.stringMatching(/missing: relation r public\.orders/),
      expect.stringMatching(/missing: role report_svc/),
      expect.stringMatching(/too much: relation r public\.orders/),
      expect.stringMatching(/too much: role report_svc/),
    ]);
    await query('revoke insert on orders from report_svc; alter role report_svc nocreatedb');
    expect(await found()).toEqual([]);
  });

  it('sees a setting in a file that is not in force', async () => {
    const auto = readFileSync(inData('postgresql.auto.conf'), 'utf8');
    writeFileSync(inData('postgresql.auto.conf'), auto.replace(/work_mem.*/, "work_mem = '3MB'"));
    expect(await found()).toContainEqual(expect.stringMatching(/^not in force: work_mem runs as/));
    writeFileSync(inData('postgresql.auto.conf'), auto);
  });

  it('sees an outcome that is missing or not true', async () => {
    const row = await stage.store.change(targetName, changeIdOf(scenario));
    if (row === null) throw new Error('the run was recorded');
    expect(await found({ row: { ...row, outcome: null } })).toEqual([
      expect.stringMatching(/^no outcome in the store/),
    ]);
    expect(await found({ row: { ...row, outcome: 'reverted' } })).toEqual([
      expect.stringMatching(/^the store says reverted/),
    ]);
    expect(await found({ row: null })).toEqual(['confirmed on the target, and the store has no such change']);
  });

  it('sees a change that was kept although it locked its dependent out', async () => {
    const closed = closedRecord(stage.stateDir, changeIdOf(scenario));
    const row = await stage.store.change(targetName, changeIdOf(scenario));
    const ended = { before, expected, closed, row, workflow: 'COMPLETED' };
    expect(await violations(stage, { ...scenario, parts: ['hba-lockout'] }, ended)).toEqual([
      expect.stringMatching(/^kept although the dependent was locked out/),
    ]);
  });

  it('sees a secret in a log', async () => {
    const log = join(stage.folder, 'agent.log');
    appendFileSync(log, Buffer.from(`x${stage.planted.get('primary_conninfo')}`).toString('base64'));
    expect(await found()).toEqual(['secret: primary_conninfo in agent.log (base64)']);
  });
});
