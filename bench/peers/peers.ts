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
import type { BenchOptions } from '../options.ts';
import { createProber, now, type Prober } from '../prober.ts';
import { findAnsible } from './ansible.ts';

/** A playbook costs seconds a run. */
const peerRuns = (runs: number): number => Math.min(runs, 10);

/** As Ansible comes, facts and all; and with everything left out that it can do without. */
type Manner = 'usual' | 'tuned';

export async function benchPeers({ runs, progress }: BenchOptions): Promise<readonly Figure[]> {
  const ansible = await findAnsible({ progress });
  if ('missing' in ansible) {
    progress(`peers: skipped, ${ansible.missing}`);
    return [];
  }
  const stage = await setStage({ variant: null, rehearsal: false, progress, signal: new AbortController().signal });
  try {
    const prober = createProber(stage.database.port);
    const denying = await denyingHba(stage.database.dataDir);
    const change: ConfigChange = { kind: 'config', files: { 'pg_hba.conf': denying } };
    const own: Reverted[] = [];
    const peers: Record<Manner, Reverted[]> = { usual: [], tuned: [] };
    for (let run = 0; run < peerRuns(runs); run++) {
      for (const manner of ['usual', 'tuned'] as const)
        peers[manner].push(await playbookRevert(ansible.playbook, manner, stage, prober, denying));
      own.push(await guardedRevert(stage, prober, change));
      const [usual, tuned] = [told(peers.usual.at(-1)), told(peers.tuned.at(-1))];
      progress(`${run + 1}/${peerRuns(runs)}: ${told(own.at(-1))}; Ansible ${usual}; tuned ${tuned}`);
    }
    const both = (manner: Manner, of: keyof Reverted) => ({
      own: own.map((reverted) => reverted[of]),
      floor: peers[manner].map((reverted) => reverted[of]),
      other: 'Ansible',
    });
    const tenTimes = (mine: number, theirs: number): boolean => 10 * mine <= theirs;
    const noSlower = (mine: number, theirs: number): boolean => mine <= theirs;
    const always = (): boolean => true;
    return [
      compare('verdict → restored, beside Ansible', both('usual', 'restoredMs'), '≥ 10 × faster', tenTimes),
      compare('whole change, beside Ansible', both('usual', 'wholeMs'), 'no slower', noSlower),
      compare('verdict → restored, Ansible tuned', both('tuned', 'restoredMs'), '–', always),
      compare('whole change, Ansible tuned', both('tuned', 'wholeMs'), '–', always),
    ];
  } finally {
    await stage.close();
  }
}

async function playbookRevert(
  ansible: readonly string[],
  manner: Manner,
  { folder, database: { dataDir, port } }: Stage,
  prober: Prober,
  denying: string,
): Promise<Reverted> {
  const own = await mkdtemp(join(folder, 'playbook-'));
  const files = { newHba: join(own, 'pg_hba.conf'), verdict: join(own, 'verdict') };
  await writeFile(files.newHba, denying, { mode: 0o600 });
  const before = await readFile(join(dataDir, 'pg_hba.conf'), 'utf8');
  const variables = {
    facts: manner === 'usual',
    data_dir: dataDir,
    owner: String((await stat(dataDir)).uid),
    new_hba: files.newHba,
    dependent: {
      user: 'image_svc',
      database: 'shop',
      address: addressOf.image_svc,
      port,
      verdict_file: files.verdict,
    },
  };
  const beganAt = now();
  const accepted = prober.deniedAfter(beganAt).then(() => prober.acceptedAfter(now()));
  // Awaited only when the playbook did what it was to do; its own words say more about why it did not.
  accepted.catch(() => {});
  const said = await play(
    [...ansible, '-i', 'localhost,', '-e', JSON.stringify(variables), join(places, 'playbook.yml')],
    environment(folder, manner),
  );
  const wholeMs = now() - beganAt;
  const decided = await readFile(files.verdict, 'utf8').catch(() => {
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
function environment(folder: string, manner: Manner): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('ANSIBLE_'));
  return {
    ...Object.fromEntries(own),
    ANSIBLE_CONFIG: join(places, `${manner}.cfg`),
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
const places = join(packageRoot, 'bench', 'peers');
