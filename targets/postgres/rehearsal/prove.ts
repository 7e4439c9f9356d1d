/**
 * Negative control: a check is asked with its access, and with its access cut, on a scratch server that has the live one's
 * roles and nothing else of it. Only what goes red then can be relied on.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { SqlCheck, TcpCheck, Sample } from '../../../domain/check.ts';
import { type CheckProof, type CheckToProve, type Proofs, judgeCut, proofOf } from '../../../domain/proof.ts';
import type { ProveInput } from '../../target.ts';
import { findPostmaster, sendReload } from '../postmaster.ts';
import { messageOf } from '../target-error.ts';
import { connect } from './ask-scratch.ts';
import { little } from './bounds.ts';
import { whyKept } from './neutral.ts';
import { configurations } from './candidate.ts';
import { populate } from './populate.ts';
import { type PrivateTree, ownRule, placeIn } from './private-tree.ts';
import { scratchOptions, treeAt } from './rehearse.ts';
import { Scratch } from './scratch.ts';
import { type Stage, onStage } from './stage.ts';

/** What there is nothing of on an empty server: undefined table, column, function, schema, object, type. */
const missingObjects: ReadonlySet<string> = new Set(['42P01', '42703', '42883', '3F000', '42704']);
const withoutItsQuery = ' (its query needs tables that a scratch server has not: its login was asked)';
const reloadMs = 5_000;
/** What is asked is access: no TLS, and no more memory than that takes. */
const further: Readonly<Record<string, string>> = { ...little, ssl: 'off' };

export async function prove(input: ProveInput): Promise<Proofs> {
  const { before, checks } = input;
  const databases = new Set(checks.flatMap(({ check }) => (check.kind === 'sql' ? [check.database] : [])));
  const proofs: CheckProof[] = [];
  const { findings, tookMs } = await onStage(input, before, databases.size, async (stage) => {
    const ground = await prepare(stage, input, databases);
    // The server is gone once the first of these was asked.
    const inOrder = [...checks].sort((a, b) => Number(a.check.kind === 'tcp') - Number(b.check.kind === 'tcp'));
    if (ground === null) return;
    for (const each of inOrder) proofs.push(await proveOne(ground, each, input));
  });
  const left = checks.filter(({ check }) => proofs.every((proof) => proof.check !== check.name));
  const why = findings.find(({ problem }) => problem !== undefined)?.problem;
  const unproven = left.map(({ check }) => proofOf(check, 'unproven', why?.message ?? 'it was not asked'));
  return { proofs: [...proofs, ...unproven], findings, tookMs };
}

interface Ground {
  readonly scratch: Scratch;
  readonly password: string;
  /** Everybody by password, but these. Done when new connections are judged so. */
  deny(roles: readonly string[]): Promise<void>;
}

/** null: it was said why. */
async function prepare(
  stage: Stage,
  { before, checks }: ProveInput,
  databases: ReadonlySet<string>,
): Promise<Ground | null> {
  const { say, sayAll, binaries } = stage;
  const [was] = await configurations(before, []);
  const tree = treeAt(stage, 'tree', [was], (name) => whyKept(name) !== null || name in further);
  const anybody = [{ user: '', database: '', address: '127.0.0.1', tls: false }];
  const scratch = new Scratch({ ...scratchOptions(stage, before, was, was, anybody), tree });
  const unmade =
    binaries.initdb === null
      ? { code: 'no-initdb', message: "there is no initdb beside the server's program" }
      : await scratch.init(binaries.initdb);
  if (unmade !== null) {
    say('the scratch server', null, unmade);
    return null;
  }
  await scratch.layOut(was);
  const rules = placeIn(tree, was.hba);
  await writeFile(rules, rulesFor(tree, []));
  if (!sayAll('the scratch server starts', await scratch.start(further))) return null;
  const client = await connect(scratch, tree);
  stage.atEnd(() => client.end());
  const users = new Set(checks.flatMap(({ check }) => (check.kind === 'sql' ? [check.user] : [])));
  const { password } = await populate(client, before, { users, databases, harmless: true });
  return {
    scratch,
    password,
    async deny(roles) {
      await writeFile(rules, rulesFor(tree, roles));
      await reload(scratch, client);
    },
  };
}

function rulesFor(tree: PrivateTree, denied: readonly string[]): string {
  const lines = denied.map((role) => `host all "${role.replaceAll('"', '""')}" 127.0.0.0/8 reject`);
  return [ownRule(tree), ...lines, 'host all all 127.0.0.0/8 md5', ''].join('\n');
}

/** Rules are loaded in the same breath as the settings, whose time every session sees. */
async function reload(scratch: Scratch, client: pg.Client): Promise<void> {
  const loadedAt = async (): Promise<string> =>
    String((await client.query<{ at: string }>('select pg_conf_load_time()::text as at')).rows[0]?.at);
  const before = await loadedAt();
  const postmaster = await findPostmaster(scratch.dataDirectory);
  if (postmaster === null || !sendReload(postmaster)) throw new Error('the scratch server is gone');
  for (const until = Date.now() + reloadMs; (await loadedAt()) === before; await sleep(5))
    if (Date.now() > until) throw new Error('the scratch server did not load its rules');
}

async function proveOne(ground: Ground, { check, cut }: CheckToProve, { measure }: ProveInput): Promise<CheckProof> {
  const { scratch, password } = ground;
  const ask = (asked: SqlCheck | TcpCheck): Promise<Sample> => measure(asked, password);
  const here = { host: '127.0.0.1', port: scratch.port };
  try {
    if (check.kind === 'tcp') return await proveTcp(scratch, { ...check, ...here }, ask);
    // Its own TLS and address are the live server's matter: what is asked is whether it notices a denial.
    const asked: SqlCheck = {
      ...check,
      ...here,
      sslmode: 'disable',
      sslrootcert: null,
      sourceAddress: null,
      password: 'scratch',
    };
    await ground.deny([]);
    const own = await ask(asked);
    const bare = own.code !== null && missingObjects.has(own.code) ? { ...asked, query: 'select 1' } : asked;
    const green = bare === asked ? own : await ask(bare);
    if (green.mark !== 'pass')
      return proofOf(check, 'unproven', `with access it is not green here: ${green.message ?? green.mark}`);
    await ground.deny(cut);
    return judgeCut(check, await ask(bare), cut, bare === asked ? '' : withoutItsQuery);
  } catch (error) {
    return proofOf(check, 'unproven', messageOf(error));
  }
}

/** It sees whether the server is there, and nothing of access. */
async function proveTcp(
  scratch: Scratch,
  asked: TcpCheck,
  ask: (check: TcpCheck) => Promise<Sample>,
): Promise<CheckProof> {
  if (!scratch.isRunning) {
    const [problem] = await scratch.start(further);
    if (problem !== undefined) return proofOf(asked, 'unproven', problem.message);
  }
  const green = await ask(asked);
  if (green.mark !== 'pass') return proofOf(asked, 'unproven', `it is not green here: ${green.message ?? green.mark}`);
  await scratch.stop();
  const red = await ask(asked);
  if (red.mark === 'pass') return proofOf(asked, 'insensitive', 'it stays green while the server is down');
  return proofOf(
    asked,
    'sensitive',
    `red (${red.code ?? red.class}) once the server is down; a denied login it does not see`,
  );
}
