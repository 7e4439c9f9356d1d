/** Writes the demo's knowngood.yaml, agent.yaml and change.yaml, as a user would have them; secrets stand beside, by reference. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { packageRoot } from '../worker/stack/package-root.ts';
import { addressOf } from './shop/shop.ts';
import { type Variant, newVersions } from './upgrade/new-version.ts';

export const target = 'shop-db';

export interface DemoPlaces {
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly uiAddress: string | null;
  /** The store: no password in it. */
  readonly store: string;
  readonly database: { readonly port: number; readonly dataDir: string; readonly restart: readonly string[] };
  readonly services: { readonly app: string; readonly images: string; readonly cdn: string };
  readonly passwords: { readonly [of in 'postgres' | 'store' | 'app_svc' | 'image_svc']: string };
  /** What the agent's command `upgrade` installs; null: it has no such command. */
  readonly variant: Variant | null;
  /** argv of the agent's command `upgrade` that puts a newer server in this one's place. */
  readonly newEngine?: readonly string[];
  readonly rehearsal: boolean;
  /** Where Slack and PagerDuty would be. */
  readonly people: string;
}

export interface DemoFiles {
  readonly knowngood: string;
  readonly agent: string;
  readonly change: string;
  /** The configuration of April 12, declared. */
  readonly april12: string;
  /** Where the administrator's password is, for the pipeline. */
  readonly adminPassword: string;
}

export const upgradeCommand = (variant: Variant, { dataDir, restart }: DemoPlaces['database']): string[] => [
  process.execPath,
  join(packageRoot, 'dist', 'demo', 'upgrade', 'main.js'),
  variant,
  dataDir,
  ...restart,
];

export const migrationCommand = (passwordFile: string, { port }: DemoPlaces['database']): string[] => [
  process.execPath,
  join(packageRoot, 'dist', 'demo', 'migration', 'main.js'),
  `postgresql://postgres@127.0.0.1:${port}/shop`,
  passwordFile,
];

export async function writeDemoFiles(folder: string, places: DemoPlaces): Promise<DemoFiles> {
  const secrets = join(folder, 'secrets');
  const stateDir = join(folder, 'agent');
  await mkdir(secrets, { mode: 0o700 });
  await mkdir(stateDir, { mode: 0o700 });
  for (const [name, password] of Object.entries(places.passwords)) await writeSecret(join(secrets, name), password);
  const keyFile = join(secrets, 'agent-key');
  await writeSecret(keyFile, randomBytes(32).toString('hex'));
  const reference = (name: string): string => `\${file:${join(secrets, name)}}`;
  for (const team of slackTeams) await writeSecret(join(secrets, `slack-${team}`), `${places.people}/slack/${team}`);
  await writeSecret(join(secrets, 'pagerduty'), randomBytes(16).toString('hex'));

  const secret = (name: keyof DemoPlaces['passwords']): string => reference(name);
  const shared = {
    connection: `postgresql://postgres@127.0.0.1:${places.database.port}/postgres`,
    password: secret('postgres'),
  };
  const write = async (name: string, content: unknown): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, stringify(content));
    return path;
  };
  await writeFile(join(folder, april12Hba), newVersions.outage.pgHbaConf ?? '');
  const store = { connection: places.store, password: secret('store') };
  return {
    knowngood: await write('knowngood.yaml', {
      defaults,
      targets: { [target]: { ...shared, revertMayRestart: true } },
      dependents: dependents(places.services, secret),
      teams: teams(places.people, reference),
      // The phones of this demo ring on this machine.
      notifications: { allowPrivate: ['127.0.0.1'] },
      store,
      temporal: places.temporal,
      ...(places.uiAddress === null ? {} : { ui: { address: places.uiAddress } }),
    }),
    agent: await write('agent.yaml', {
      target,
      ...shared,
      stateDir,
      keyFile,
      restart: places.database.restart,
      ...(places.rehearsal ? {} : { rehearsal: { enabled: false } }),
      ...(places.newEngine === undefined
        ? {}
        : { commands: { upgrade: { run: places.newEngine, timeout: '60s', restarts: true, upgrades: true } } }),
      ...(places.variant === null ? {} : { commands: { upgrade: upgrade(places.variant, places.database) } }),
      store,
      temporal: places.temporal,
    }),
    change: await write('change.yaml', tidyUp),
    april12: await write('april-12.yaml', april12),
    adminPassword: join(secrets, 'postgres'),
  };
}

const upgrade = (variant: Variant, database: DemoPlaces['database']) => ({
  run: upgradeCommand(variant, database),
  timeout: '40s',
  restarts: true,
});

/** The same policy as in production, but for a demo's patience. */
const defaults = {
  lease: '60s',
  soak: '8s',
  settle: { restart: '3s' },
  holdTimeout: '10s',
  quiet: '3s',
  checks: { interval: '500ms', timeout: '2s' },
  drift: { every: '1m' },
};

/** The pager is the database team's. */
export const onPager = 'database';
const slackTeams = ['application', 'database', 'infrastructure'] as const;

function teams(people: string, reference: (name: string) => string): unknown {
  const pager = { pagerduty: { routingKey: reference('pagerduty'), events: people } };
  return Object.fromEntries(
    slackTeams.map((team) => {
      const slack = { slack: reference(`slack-${team}`) };
      return [team, { notify: team === onPager ? [slack, pager] : [slack] }];
    }),
  );
}

function dependents(
  { app, images, cdn }: DemoPlaces['services'],
  secret: (name: keyof DemoPlaces['passwords']) => string,
): unknown {
  const login = (user: keyof typeof addressOf, table: string) => ({
    sql: {
      as: user,
      password: secret(user),
      database: 'shop',
      query: `select 1 from ${table} limit 1`,
      source: addressOf[user],
    },
  });
  const access = (user: keyof typeof addressOf) => [{ user, database: 'shop', from: addressOf[user] }];
  return {
    'image-service': {
      uses: target,
      team: 'application',
      access: access('image_svc'),
      checks: {
        login: login('image_svc', 'images'),
        images: { http: { url: `${images}/img/1`, contentType: 'image/*' } },
      },
    },
    'app-server': {
      uses: target,
      team: 'application',
      access: access('app_svc'),
      checks: {
        login: login('app_svc', 'products'),
        pages: { http: { url: `${app}/product/1`, bodyIncludes: '<img' } },
      },
    },
    // What the monitoring of that day looked at: a cached picture loads all the time.
    cdn: {
      uses: target,
      team: 'infrastructure',
      checks: { favourite: { http: { url: `${cdn}/img/1`, contentType: 'image/*' }, level: 'advisory' } },
    },
  };
}

/** Somebody tidies up: the rule that no reload misses, because the open connections never ask for it again. */
const tidyUp = {
  target,
  reason: 'remove rules of pg_hba.conf that nobody uses any more',
  change: { hba: [{ remove: 'host shop image_svc 127.0.2.0/24 scram-sha-256' }] },
  restart: 'forbidden',
};

const april12Hba = 'april-12.pg_hba.conf';

/** What the upgrade of that day brought, known beforehand. */
const april12 = {
  target,
  reason: 'the configuration that the new version ships',
  change: { files: { 'pg_hba.conf': `./${april12Hba}` } },
  restart: 'forbidden',
};

async function writeSecret(path: string, secret: string): Promise<void> {
  await writeFile(path, `${secret}\n`, { mode: 0o600 });
}
