/**
 * The rehearsal of a change on the database host, beside the live server and never in it: does the candidate start, do its
 * dependents get in, and do apply and revert lead back to where they began? Bounded in time, memory and disk.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { LoginAnswer, Rehearsal, RehearsedPrincipal } from '../../../domain/rehearsal.ts';
import type { Captured, ChangeStep, RehearseInput } from '../../target.ts';
import { type OpenTarget, actAndRevert } from './act-and-revert.ts';
import { connect, fileProblems, loadProblems, methodsOf, readProblems } from './ask-scratch.ts';
import { boundsOf, sayUntried } from './bounds.ts';
import { type Configuration, configurations } from './candidate.ts';
import { problemOf } from './findings.ts';
import { loopbackOf, tryLogin } from './logins.ts';
import { whyKept } from './neutral.ts';
import { populate } from './populate.ts';
import type { PrivateTree } from './private-tree.ts';
import { sayLogin } from './say-login.ts';
import { Scratch, type ScratchOptions } from './scratch.ts';
import { type Stage, onStage } from './stage.ts';

export function rehearse(input: RehearseInput, open: OpenTarget): Promise<Rehearsal> {
  const { before, plan, principals } = input;
  const steps = plan?.steps ?? [];
  const databases = new Set([
    ...principals.map(({ database }) => database),
    ...steps.flatMap((step) => (step.do === 'sql' ? [step.database] : [])),
  ]);
  return onStage(input, before, databases.size, (stage) => perform(stage, { ...input, steps, databases, open }));
}

interface Play extends RehearseInput {
  readonly steps: readonly ChangeStep[];
  readonly databases: ReadonlySet<string>;
  readonly open: OpenTarget;
}

/** Ends early where the next step would make no sense; throws what nobody foresaw. */
async function perform(stage: Stage, play: Play): Promise<void> {
  const { before, plan, principals, steps } = play;
  const { say, sayAll, binaries } = stage;
  const [was, candidate] = await configurations(before, steps);
  const common = scratchOptions(stage, before, was, candidate, principals);
  const reader = new Scratch({ ...common, tree: treeAt(stage, 'read', [was, candidate], () => false) });
  await reader.layOut(candidate);
  if (!sayAll('the candidate is read (postgres -C)', await readProblems(reader, candidate))) return;

  const { initdb } = binaries;
  if (initdb === null)
    return say('the candidate starts', null, {
      code: 'no-initdb',
      message: 'the candidate was read, and not started',
      detail: `There is no initdb beside ${binaries.postgres}.`,
      hint: "Install the server's own initdb: without it no scratch server can be made.",
    });
  const bounded = new Set<string>();
  const tree = treeAt(stage, 'tree', [was, candidate], (name) => whyKept(name) !== null || bounded.has(name));
  const scratch = new Scratch({ ...common, tree });
  const unmade = await scratch.init(initdb);
  if (unmade !== null) return say('the scratch server', null, unmade);
  await scratch.layOut(candidate);
  const loads = await loadProblems(scratch, before.facts.versionNum);
  if (loads !== null && !sayAll('the libraries and limits of the candidate', loads)) return;
  const further = await boundsOf(scratch, candidate, before.facts.versionNum, say);
  if (further === null) return;
  for (const name of Object.keys(further)) bounded.add(name);
  if (bounded.size > 0) await scratch.layOut(candidate);
  if (!sayAll('the candidate starts', await scratch.start(further))) return;
  sayUntried(say, steps, was, candidate, further);

  const client = await connect(scratch, tree).catch(problemOf);
  if ('code' in client) return say('the candidate lets sessions in', false, client);
  stage.atEnd(() => client.end());
  if (!sayAll('its files load', await fileProblems(client, scratch, before.facts.versionNum))) return;
  const users = new Set(principals.map(({ user }) => user));
  const { password } = await populate(client, before, { users, databases: play.databases });
  const methods = await methodsOf(client);
  const { socketDir, port } = scratch;
  const logins = async (): Promise<readonly LoginAnswer[]> => {
    const answers: LoginAnswer[] = [];
    for (const principal of principals) answers.push(await tryLogin(principal, { socketDir, port, password, methods }));
    return answers;
  };
  const then = await logins();
  await client.end();
  await scratch.stop();

  await scratch.layOut(was);
  const broken = plan === null ? [] : await scratch.start(further);
  // A server that is mended must not be kept from it.
  for (const problem of broken) say('the configuration as it is starts again', null, problem);
  const now = plan === null || broken.length > 0 ? [] : await logins();
  for (const [at, principal] of principals.entries()) sayLogin(say, principal, now[at] ?? null, then[at]);
  if (plan === null || broken.length > 0) return;
  say('the configuration as it is starts again', true);
  await actAndRevert({ stage, scratch, tree, was, candidate, further, steps, open: play.open });
}

export function treeAt(
  { folder }: Stage,
  name: string,
  all: readonly Configuration[],
  leavesOut: (setting: string) => boolean,
): PrivateTree {
  return {
    root: join(folder, name),
    role: `knowngood_${randomBytes(4).toString('hex')}`,
    leavesOut: (setting) => leavesOut(setting.toLowerCase()),
    holds: (path) => all.some(({ files, folders }) => files.has(path) || folders.includes(path)),
  };
}

export function scratchOptions(
  { folder, binaries, walSegmentBytes, signal }: Stage,
  { facts, snapshot }: Captured,
  before: Configuration,
  candidate: Configuration,
  principals: readonly RehearsedPrincipal[],
): Omit<ScratchOptions, 'tree'> {
  const settings = snapshot?.sections.settings ?? [];
  const paths = ['data_directory', 'config_file', 'hba_file', 'ident_file'];
  const given = settings.filter(
    ({ name, source, value }) => source === 'command line' && !paths.includes(name) && !value.startsWith('hmac:'),
  );
  return {
    folder,
    binaries,
    facts,
    before,
    candidate,
    given: Object.fromEntries(given.map(({ name, value }) => [name, value])),
    loopback: principals.some(({ address }) => address !== null && loopbackOf(address) !== null),
    walSegmentBytes,
    checksums: settings.some(({ name, value }) => name === 'data_checksums' && value === 'on'),
    signal,
  };
}
