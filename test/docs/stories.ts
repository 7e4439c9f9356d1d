/**
 * Who runs the commands of each page: a step here, in `commands.test.ts`; or what `elsewhere` names. A command that neither
 * names fails `documents.test.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { House } from './house.ts';

export interface Step {
  /** As it stands in the page, in a block or within a line. */
  readonly command: string;
  /** Default 0. */
  readonly exit?: number;
  /** Of both streams. */
  readonly shows?: RegExp;
  /** What the page shows below the command is what is said, line by line. */
  readonly asShown?: true;
  /** What has to be so first. */
  readonly before?: (house: House) => Promise<unknown>;
  /** While it runs: first this, then these. */
  readonly meanwhile?: (house: House) => Promise<unknown>;
  readonly steps?: readonly Step[];
  readonly after?: (house: House) => Promise<unknown>;
  /** Words of the page that stand for something: by what they are replaced. */
  readonly fill?: (house: House) => Promise<Readonly<Record<string, string>>>;
}

const hbaRule = 'host shop image_svc 127.0.2.0/24 scram-sha-256';
const workMem = (value: string) => ({ kind: 'config', settings: { work_mem: value } }) as const;
const write = (name: string, content: object) => async (house: House) =>
  writeFileSync(join(house.folder, name), JSON.stringify(content));
const snapshotId = async (house: House) => ({ '3f9a2c71': (await house.knownGood()).slice(0, 8) });

/** With those that run meanwhile. */
export function allOf(step: Step): readonly Step[] {
  return [step, ...(step.steps ?? []).flatMap(allOf)];
}

/** In this order, on one house in which nobody needs to approve what is of low risk. */
export const stories: Readonly<Record<string, readonly Step[]>> = {
  'docs/report.md': [
    {
      command: 'knowngood report shop-db',
      before: async (house) => (await house.start({ changeId: 'upgrade-17', change: workMem('5MB') })).outcome(),
      shows: /upgrade-17/,
    },
    { command: 'knowngood report upgrade-17 --html report.html' },
    { command: 'knowngood report upgrade-17 --json', shows: /"outcome"/ },
    { command: 'knowngood report upgrade-17 --evidence evidence.json' },
    {
      command: 'knowngood report verify evidence.json --key SHA256:… --page report.html',
      fill: async (house) => ({
        'SHA256:…': /SHA256:\S+/.exec((await house.sh('knowngood report key')).said)?.[0] ?? '',
      }),
      shows: /signed by the given key/,
    },
    { command: 'knowngood report key', shows: /fingerprint SHA256:/ },
  ],
  'docs/access.md': [
    {
      command: 'knowngood access list shop-db --since 7d',
      before: (house) => house.somebodySeen(),
      shows: /^USER +DATABASE +FROM +TLS +FIRST SEEN/m,
    },
    { command: 'knowngood access suggest shop-db', shows: /^dependents:/m },
  ],
  'docs/changes.md': [
    {
      command: 'npx knowngood snapshot restore known-good --dry-run',
      before: async (house) => (await house.start({ change: workMem('6MB') })).outcome(),
    },
    {
      command: "npx knowngood snapshot restore 3f9a2c71 --only 'file:*/pg_hba.conf' --only setting:work_mem",
      fill: snapshotId,
      before: async (house) => {
        await house.knownGood();
        await (await house.start({ change: workMem('7MB') })).outcome();
      },
    },
    { command: "npx knowngood snapshot restore 3f9a2c71 --only 'object:shop:*' --restart", fill: snapshotId },
  ],
  'docs/privileges.md': [
    {
      command:
        "npx knowngood doctor --sql --connection 'postgresql://postgres@/postgres?host=/var/run/postgresql' > roles.sql",
      fill: async ({ target }) => ({ '/var/run/postgresql': `${target.socketDir}&port=${target.port}` }),
    },
    {
      command: 'npx knowngood doctor',
      shows: /role "postgres" can do more than its work needs \(it is a superuser\.\)/,
    },
    { command: 'npx knowngood doctor --sql --drop > gone.sql' },
  ],
  'docs/checks.md': [
    { command: 'knowngood checks try shop-db', shows: /^pass +image-service\/login +sql +required +default/m },
  ],
  'docs/rehearsal.md': [
    { command: 'knowngood checks prove shop-db', shows: /^sensitive +image-service\/login +sql +required/m },
  ],
  'docs/notifications.md': [{ command: 'knowngood notify test database', shows: /^delivered +database\/webhook/m }],
  'docs/store.md': [
    { command: 'knowngood store prune --dry-run', shows: /would remove \d+ snapshots and \d+ measurements/ },
    { command: 'knowngood store prune' },
  ],
  'docs/rollout.md': [
    {
      command: 'knowngood rollout rollout.yaml',
      before: write('rollout.yaml', {
        rollout: 'more-work-mem',
        targets: { names: ['shop-db'] },
        change: { settings: { work_mem: '8MB' } },
        overrides: { soak: '8s' },
      }),
      meanwhile: async (house) => {
        await house.until('the rollout runs', 'knowngood status', /shop-db:more-work-mem/);
      },
      steps: [
        { command: 'knowngood rollout status more-work-mem', shows: /more-work-mem wave[^]*1 running/ },
        {
          command: 'knowngood rollout pause more-work-mem --reason "the shop is full"',
          after: (house) => house.sh('knowngood rollout resume more-work-mem'),
        },
      ],
    },
  ],
  'docs/pipelines.md': [
    {
      command: 'knowngood guard shop-db --change-id build-4711 --summary summary.md --json -- ./upgrade >answer.json',
      before: async (house) => writeFileSync(join(house.folder, 'upgrade'), '#!/bin/sh\nexit 0\n', { mode: 0o755 }),
      meanwhile: (house) => house.approved(),
      after: async (house) => {
        if (!readFileSync(join(house.folder, 'answer.json'), 'utf8').includes('"kept"')) throw new Error('not kept');
      },
    },
  ],
  'docs/drift.md': [
    { command: 'knowngood drift', shows: /^no drift +shop-db/m },
    { command: 'knowngood drift shop-db --json', shows: /"kind": "clean"/ },
    { command: 'knowngood drift --exit-code', before: (house) => house.drifts('9MB'), exit: 16 },
    { command: 'knowngood drift revert shop-db --dry-run', shows: /work_mem/ },
    { command: 'knowngood drift revert shop-db', meanwhile: (house) => house.approved(), shows: /kept/ },
    {
      command: 'knowngood drift accept shop-db --reason "the new rack, TICKET-7"',
      before: (house) => house.ruleAdded('127.0.3.0/24'),
      meanwhile: (house) => house.approved(),
    },
    {
      command: 'knowngood drift approve shop-db --as Kim --reason "seen the diff"',
      before: async (house) => {
        await house.ruleAdded('127.0.4.0/24');
        // Nobody approves what was asked for from the same client.
        await house.acceptanceAskedBy('sam');
      },
    },
  ],
  'docs/durability.md': [
    {
      command: 'knowngood rescue shop-db --show',
      before: (house) => house.inForce('to-be-rescued'),
      shows: /shop-db:to-be-rescued/,
    },
    {
      command: 'knowngood rescue shop-db --revert',
      shows: /reverted, and proven/,
      after: (house) => house.ended('to-be-rescued', 'reverted'),
    },
    {
      command: 'knowngood rescue shop-db --abandon',
      before: (house) => house.inForce('to-be-abandoned'),
      shows: /abandoned/,
      after: (house) => house.ended('to-be-abandoned', 'abandoned'),
    },
  ],
  'docs/operate.md': [
    {
      command: 'knowngood status',
      before: async (house) => {
        await house.inForce('night');
        // A list is told a moment later than it happens.
        await house.until('it is listed', 'knowngood status', /shop-db:night +watch/);
      },
      shows: /shop-db:night +watch/,
    },
    { command: 'knowngood status shop-db', shows: /watch/ },
    { command: 'knowngood checks try shop-db', shows: /^pass/m },
    {
      command: 'knowngood extend shop-db --by 10m --reason "the caches warm up"',
      shows: /shop-db:night: extend: recorded/,
    },
    {
      command: 'knowngood abort shop-db --reason "the shop is down"',
      shows: /shop-db:night: abort: recorded/,
      after: (house) => house.ended('night', 'reverted'),
    },
    {
      command: 'knowngood approve shop-db --reason "seen the diff"',
      before: (house) => house.waits('approve', { changeId: 'waits', change: { kind: 'external' } }),
      shows: /shop-db:waits: approve: recorded/,
      after: (house) => house.pipelineDone('waits'),
    },
    {
      command: 'knowngood reject shop-db --reason "not before the weekend"',
      before: (house) => house.waits('approve', { changeId: 'not-yet', change: { kind: 'external' } }),
      after: (house) => house.ended('not-yet', 'rejected'),
    },
    {
      command: 'knowngood confirm shop-db --reason "checked by hand"',
      before: (house) =>
        house.waits('hold', {
          changeId: 'held',
          change: workMem('11MB'),
          overrides: { soak: '1s', requireConfirm: true },
        }),
      after: (house) => house.ended('held', 'kept'),
    },
    {
      command: 'knowngood acknowledge shop-db',
      before: (house) => house.reverting('stuck'),
      shows: /shop-db:stuck: acknowledge: recorded/,
    },
    {
      command: 'knowngood abandon shop-db --reason "restart at six, by hand"',
      shows: /shop-db:stuck: abandon: recorded/,
      after: async (house) => {
        await house.ended('stuck', 'abandoned');
        await house.restart();
      },
    },
    {
      command: 'knowngood rescue shop-db --show',
      before: (house) => house.inForce('by-hand'),
      shows: /shop-db:by-hand/,
    },
    {
      command: 'knowngood rescue shop-db --revert',
      shows: /reverted, and proven/,
      after: (house) => house.ended('by-hand', 'reverted'),
    },
    {
      command: 'knowngood rescue shop-db --abandon --reason "repairing by hand"',
      before: (house) => house.inForce('left-as-it-is'),
      after: (house) => house.ended('left-as-it-is', 'abandoned'),
    },
    { command: 'knowngood report shop-db', shows: /left-as-it-is/ },
    { command: 'knowngood drift shop-db', shows: /shop-db/ },
  ],
  'docs/keys.md': [
    {
      command: 'knowngood key rotate --agent-config /etc/knowngood/agent.yaml',
      before: (house) => house.stopAgent(),
      fill: async ({ folder }) => ({ '/etc/knowngood/agent.yaml': join(folder, 'agent.yaml') }),
      after: (house) => house.startAgent(),
    },
  ],
};

/** On a house of its own, in which approvals are signed. */
export const signedStories: Readonly<Record<string, readonly Step[]>> = {
  // Nobody notes here who connects: it would be told, too.
  'docs/access.md': [
    {
      command: 'npx knowngood plan change.yaml',
      before: write('change.yaml', { target: 'shop-db', change: { hba: [{ remove: hbaRule }] } }),
      exit: 13,
      asShown: true,
    },
  ],
  'docs/approvals.md': [
    {
      command: 'knowngood approve shop-db:upgrade-17 --sign --reason "seen the diff"',
      before: (house) =>
        house.waits('approve', { changeId: 'upgrade-17', requestedBy: 'sam', change: { kind: 'external' } }),
      shows: /shop-db:upgrade-17: approve: recorded/,
      after: (house) => house.pipelineDone('upgrade-17'),
    },
    { command: 'knowngood report upgrade-17 --json > report.json' },
    { command: "jq -j '.report.approvals[0].evidence.statement' report.json > statement" },
    { command: "jq -j '.report.approvals[0].evidence.signature' report.json > signature" },
    { command: 'echo "anna $(cat anna.pub)" > allowed_signers' },
    {
      command: 'ssh-keygen -Y verify -f allowed_signers -I anna -n knowngood-approval@v1 -s signature < statement',
      shows: /Good "knowngood-approval@v1" signature for anna/,
    },
    {
      command: 'knowngood drift approve shop-db --sign --reason "the new rack"',
      before: async (house) => {
        await house.ruleAdded('127.0.3.0/24');
        await house.acceptanceAskedBy('sam');
      },
      shows: /approve/,
    },
  ],
};

/** `by`: a test, below test/. `not`: why nothing here can. */
type Elsewhere = { readonly by: string } | { readonly not: string };

const started: Elsewhere = { by: 'docs/get-started.test.ts' };
const theGates: Elsewhere = { not: 'they are what runs every test, .ci/run among them' };
const aHost: Elsewhere = {
  not: 'it installs on a Debian host, as root; the units, the package and init are run by test/deploy and test/cli/init.test.ts',
};

/** Page → command, or language of a block, `*` for all there are → who. */
export const elsewhere: Readonly<Record<string, Readonly<Record<string, Elsewhere>>>> = {
  'README.md': {
    'npm run demo': { by: 'integration/scenarios.test.ts' },
    'npm test': theGates,
    '*': started,
  },
  'CONTRIBUTING.md': { '*': theGates },
  'docs/get-started.md': { '*': started },
  'docs/keys.md': {
    'systemctl stop knowngood-agent': { not: 'the agent of the house is no unit: it is stopped beside this' },
    'systemctl start knowngood-agent': { not: 'likewise' },
  },
  'docs/store.md': {
    'pg_dump --format=custom --schema=knowngood --file=store.dump "$STORE"': { by: 'store/backup.test.ts' },
    'pg_restore --exit-on-error --dbname="$EMPTY" store.dump': { by: 'store/backup.test.ts' },
  },
  'docs/deployment.md': { 'deploy/debian/build.sh /tmp': { by: 'deploy/package.test.ts' }, '*': aHost },
  'deploy/helm/knowngood/README.md': { '*': { not: 'no cluster is here; test/deploy/helm.test.ts renders the chart' } },
  'docs/privileges.md': {
    'psql -X -f roles.sql': { by: 'targets/postgres/roles.test.ts' },
    sql: { by: 'docs/privileges.test.ts' },
  },
  'docs/encryption.md': {
    'cat /etc/knowngood/codec.env': { by: 'deploy/units.test.ts' },
    'systemctl enable --now knowngood-codec': { by: 'deploy/units.test.ts' },
    sh: { by: 'workflows/encrypted.test.ts' },
    '*': { by: 'cli/codec-server.test.ts' },
  },
  'docs/traces.md': { '*': { by: 'traces/traces.test.ts' } },
  'docs/docker.md': { '*': { not: 'no image can be built here; test/docs/documents.test.ts reads the composition' } },
  'docs/other-languages.md': { '*': { by: 'pipelines/other-languages.test.ts' } },
  'docs/patroni.md': { sql: { by: 'targets/managed/patroni/target.test.ts' } },
  'docs/pipelines.md': { ts: { by: 'package/package.test.ts' } },
};

export function whoElseRuns(page: string, what: string): Elsewhere | null {
  const of = elsewhere[page];
  return of?.[what] ?? of?.['*'] ?? null;
}
