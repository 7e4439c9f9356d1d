/** The same change, failing check and revert by Ansible's block and rescue, beside a whole guarded change. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { addressOf } from '../../demo/shop/shop.ts';
import { setStage, type Stage } from '../../demo/stage.ts';
import type { ConfigChange } from '../../domain/change.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { compare, type Figure } from '../figure.ts';
import { denyingHba, guardedRevert, type Reverted } from '../guarded-revert.ts';
import type { BenchOptions } from '../main.ts';
import { createProber, now, type Prober } from '../prober.ts';
import { findAnsible } from './ansible.ts';

/** A playbook costs seconds a run. */
const peerRuns = (runs: number): number => Math.min(runs, 10);

export async function benchPeers({ runs, progress }: BenchOptions): Promise<readonly Figure[]> {
  const ansible = await findAnsible({ progress });
  if ('missing' in ansible) {
    progress(`peers: skipped, ${ansible.missing}`);
    return [];
  }
  const stage = await setStage({ variant: null, progress, signal: new AbortController().signal });
  try {
    const prober = createProber(stage.database.port);
    const denying = await denyingHba(stage.database.dataDir);
    const change: ConfigChange = { kind: 'config', files: { 'pg_hba.conf': denying } };
    const own: Reverted[] = [];
    const peer: Reverted[] = [];
    for (let run = 0; run < peerRuns(runs); run++) {
      peer.push(await playbookRevert(ansible.playbook, stage, prober, denying));
      own.push(await guardedRevert(stage, prober, change));
      progress(`${run + 1}/${peerRuns(runs)}: ${told(own.at(-1))}; Ansible ${told(peer.at(-1))}`);
    }
    const both = (of: keyof Reverted) => ({
      own: own.map((reverted) => reverted[of]),
      floor: peer.map((reverted) => reverted[of]),
      other: 'Ansible',
    });
    return [
      compare(
        'verdict → restored, beside Ansible',
        both('restoredMs'),
        '≥ 10 × faster',
        (mine, theirs) => 10 * mine <= theirs,
      ),
      compare('whole change, beside Ansible', both('wholeMs'), 'no slower', (mine, theirs) => mine <= theirs),
    ];
  } finally {
    await stage.close();
  }
}

async function playbookRevert(
  ansible: readonly string[],
  { folder, database: { dataDir, port } }: Stage,
  prober: Prober,
  denying: string,
): Promise<Reverted> {
  const own = await mkdtemp(join(folder, 'playbook-'));
  const places = { newHba: join(own, 'pg_hba.conf'), verdict: join(own, 'verdict') };
  await writeFile(places.newHba, denying, { mode: 0o600 });
  const before = await readFile(join(dataDir, 'pg_hba.conf'), 'utf8');
  const variables = {
    data_dir: dataDir,
    owner: String((await stat(dataDir)).uid),
    new_hba: places.newHba,
    dependent: {
      user: 'image_svc',
      database: 'shop',
      address: addressOf.image_svc,
      port,
      verdict_file: places.verdict,
    },
  };
  const beganAt = now();
  const accepted = prober.deniedAfter(beganAt).then(() => prober.acceptedAfter(now()));
  // Awaited only when the playbook did what it was to do; its own words say more about why it did not.
  accepted.catch(() => {});
  const said = await play(
    [...ansible, '-i', 'localhost,', '-e', JSON.stringify(variables), join(peers, 'playbook.yml')],
    environment(folder),
  );
  const wholeMs = now() - beganAt;
  const decided = await readFile(places.verdict, 'utf8').catch(() => {
    throw new Error(`the playbook ended without a failing check:\n${said}`);
  });
  if ((await readFile(join(dataDir, 'pg_hba.conf'), 'utf8')) !== before)
    throw new Error('the playbook left another pg_hba.conf than it had found');
  await removeBackups(dataDir);
  return { restoredMs: (await accepted) - Number(decided), wholeMs };
}

/** Returns what it said; it tells its failures on its standard output, too. */
async function play([command = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    return (await exec(command, args, { env })).stdout;
  } catch (error) {
    throw new Error(`the playbook failed:\n${(error as { stdout?: string }).stdout ?? ''}`, { cause: error });
  }
}

/** Its own folders are the run's, and nothing of the user's configuration slows it down. */
function environment(folder: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('ANSIBLE_'));
  return {
    ...Object.fromEntries(own),
    ANSIBLE_CONFIG: join(peers, 'ansible.cfg'),
    ANSIBLE_HOME: join(folder, 'ansible'),
    ANSIBLE_REMOTE_TEMP: join(folder, 'ansible', 'tmp'),
    // Ansible refuses to run in another encoding.
    LC_ALL: 'C.UTF-8',
  };
}

/** Each run leaves one beside the file. */
async function removeBackups(dataDir: string): Promise<void> {
  const backups = (await readdir(dataDir)).filter((name) => name.startsWith('pg_hba.conf.') && name.endsWith('~'));
  await Promise.all(backups.map((name) => rm(join(dataDir, name))));
}

function told(reverted: Reverted | undefined): string {
  return `restored ${Math.round(reverted?.restoredMs ?? 0)} ms, whole ${Math.round(reverted?.wholeMs ?? 0)} ms`;
}

const exec = promisify(execFile);
const peers = join(packageRoot, 'bench', 'peers');
