/**
 * Loaded before `knowngood agent` or `knowngood worker` by `node --import`: sees every durable step of the process from
 * outside, and kills it right before or right after the one that crash-plan.json names. The product knows nothing of it.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';
import proto from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import pg from 'pg';

const folder = process.env.KNOWNGOOD_STEPS_FOLDER;
const who = process.env.KNOWNGOOD_STEPS_WHO;
const state = join(folder, 'state');
const planFile = join(folder, 'crash-plan.json');
const logFile = join(folder, 'steps.txt');
const { appendFileSync, linkSync, readFileSync, renameSync, unlinkSync } = fs;
const kill = process.kill.bind(process);

function reach(when, step) {
  appendFileSync(logFile, `${when}\t${who}: ${step}\n`);
  const plan = parsed(planFile);
  if (plan?.when !== when || plan.step !== `${who}: ${step}`) return;
  // Once: the process that is started next goes on.
  unlinkSync(planFile);
  kill(process.pid, 'SIGKILL');
}

function parsed(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

async function around(step, work) {
  if (step === null) return work();
  reach('before', step);
  const answer = await work();
  reach('after', step);
  return answer;
}

function aroundSync(step, work) {
  if (step === null) return work();
  reach('before', step);
  const answer = work();
  reach('after', step);
  return answer;
}

const journalAt = (path) => parsed(path)?.journal ?? null;
const finals = new Set(['reverted', 'confirmed', 'abandoned']);

function phase() {
  const journal = journalAt(join(state, 'journal.json'));
  if (journal === null || finals.has(journal.phase)) return 'no change is open';
  return parsed(join(state, 'closed', `${journal.changeId}.json`)) === null ? journal.phase : 'no change is open';
}

function journalStep(temporary) {
  const [was, is] = [journalAt(join(state, 'journal.json')), journalAt(temporary)];
  if (was === null || was.changeId !== is.changeId) return `journal opens as ${is.phase}`;
  if (was.phase !== is.phase) return `journal goes from ${was.phase} to ${is.phase}`;
  const keys = Object.keys(is).filter((key) => JSON.stringify(is[key]) !== JSON.stringify(was[key]));
  return `journal in ${is.phase} gets ${keys.sort().join(', ') || 'nothing'}`;
}

/** null: no durable step, or one of the same step's many. */
function renameStep(from, to) {
  if (to === join(state, 'journal.json')) return journalStep(from);
  if (to === join(state, 'journal.previous.json')) return 'journal keeps its previous generation';
  if (dirname(to) === join(state, 'closed')) return `end is recorded as ${parsed(from)?.phase}`;
  if (dirname(to) === join(state, 'spool')) return `spools a ${parsed(from)?.knownGood ? 'known-good' : 'plain'} body`;
  if (dirname(to) === join(state, 'sealed')) return `seals a body, ${phase()}`;
  if (dirname(to) === join(state, 'plans')) return 'keeps a plan';
  if (to.startsWith(folder)) return to.includes('/samples/') ? 'keeps samples' : null;
  return `writes ${basename(to)}, ${phase()}`;
}

function unlinkStep(path) {
  if (dirname(path) === join(state, 'spool') && path.endsWith('.json')) return 'body has reached the store';
  if (path === join(state, 'writer.lock')) return `releases writer.lock, ${phase()}`;
  if (path === join(state, 'journal.lock')) return 'releases journal.lock';
  return null;
}

function linkStep(to) {
  if (to === join(state, 'writer.lock')) return `takes writer.lock, ${phase()}`;
  return to === join(state, 'journal.lock') ? 'takes journal.lock' : null;
}

const { rename, unlink, rm } = fs.promises;
fs.promises.rename = (from, to) => around(renameStep(String(from), String(to)), () => rename(from, to));
fs.promises.unlink = (path) => around(unlinkStep(String(path)), () => unlink(path));
fs.promises.rm = (path, options) => {
  const outside = !String(path).startsWith(folder) && !basename(String(path)).startsWith('.');
  return around(outside ? `removes ${basename(String(path))}, ${phase()}` : null, () => rm(path, options));
};
fs.renameSync = (from, to) => aroundSync(renameStep(String(from), String(to)), () => renameSync(from, to));
fs.unlinkSync = (path) => aroundSync(unlinkStep(String(path)), () => unlinkSync(path));
fs.linkSync = (from, to) => {
  // Whether it is taken is known afterwards only.
  const step = linkStep(String(to));
  if (step !== null) reach('before', step);
  linkSync(from, to);
  if (step !== null) reach('after', step);
};
if (who === 'agent') {
  const { spawn } = childProcess;
  childProcess.spawn = (command, ...rest) =>
    aroundSync(`spawns ${basename(String(command))}, ${phase()}`, () => spawn(command, ...rest));
}
syncBuiltinESMExports();

process.kill = (pid, name) => aroundSync(name === 'SIGHUP' ? `sends SIGHUP, ${phase()}` : null, () => kill(pid, name));

function sqlStep(given) {
  const text = typeof given === 'string' ? given : (given?.text ?? '');
  const write = /^\s*(insert into|update|delete from)\s+(?:"?\w+"?\.)?"?(\w+)"?/i.exec(text);
  if (write) return `store: ${write[1].toLowerCase()} ${write[2]}`;
  if (/pg_reload_conf/.test(text) && /^\s*select/i.test(text) && !/has_function/.test(text))
    return `asks for a reload, ${phase()}`;
  if (who !== 'agent') return null;
  const word = /^\s*(alter system|alter|grant|revoke|commit)\b/i.exec(text)?.[1]?.toLowerCase();
  if (word === undefined) return null;
  return word === 'commit' || word === 'alter system' ? `runs ${word}, ${phase()}` : `runs a statement, ${phase()}`;
}

const { query } = pg.Client.prototype;
pg.Client.prototype.query = function (...args) {
  if (args.some((arg) => typeof arg === 'function')) return query.apply(this, args);
  const step = sqlStep(args[0]);
  return step === null ? query.apply(this, args) : around(step, () => query.apply(this, args));
};

function workflowSteps(bytes) {
  const { workflow_completion } = proto.coresdk;
  const { successful } = workflow_completion.WorkflowActivationCompletion.decodeDelimited(bytes);
  const steps = (successful?.commands ?? []).map((command) => {
    if (command.scheduleActivity) return `workflow schedules ${command.scheduleActivity.activityType}`;
    if (command.requestCancelActivity) return 'workflow cancels an activity';
    if (command.startTimer) return 'workflow starts a timer';
    if (command.cancelTimer) return 'workflow cancels a timer';
    if (command.updateResponse) return 'workflow answers an update';
    return command.completeWorkflowExecution ? 'workflow completes' : null;
  });
  return [...new Set(steps.filter((step) => step !== null))];
}

const constructor = Worker.nativeWorkerCtor;
const create = constructor.create.bind(constructor);
constructor.create = async (...args) => {
  const native = await create(...args);
  const complete = native.completeWorkflowActivation;
  native.completeWorkflowActivation = async (bytes) => {
    const steps = workflowSteps(bytes);
    for (const step of steps) reach('before', step);
    const answer = await complete(bytes);
    for (const step of steps) reach('after', step);
    return answer;
  };
  return native;
};

const createWorker = Worker.create.bind(Worker);
Worker.create = (options) => {
  const activities = Object.entries(options.activities ?? {}).map(([name, activity]) => [
    name,
    (...input) => around(`activity ${name}`, () => activity(...input)),
  ]);
  return createWorker({ ...options, activities: Object.fromEntries(activities) });
};
