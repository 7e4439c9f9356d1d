/** What became of PostgreSQL's settings from each major version to the next, asked of the real programs and servers. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { format } from 'prettier';
import type { SettingChanges } from '../../domain/upgrade/settings-by-major.ts';
import type { PostgresMajor } from '../../worker/stack/postgres-binaries.ts';
import { createCluster } from '../../worker/stack/cluster.ts';

interface Setting {
  readonly name: string;
  readonly vartype: string;
  readonly unit: string | null;
  readonly context: string;
  readonly default: string | null;
  readonly min: string | null;
  readonly max: string | null;
  readonly enumvals: readonly string[] | null;
}

interface Major {
  readonly settings: ReadonlyMap<string, Setting>;
  /** Whether this server still understands a name that it does not list. */
  understands(name: string): Promise<boolean>;
}

/** Nothing in a server tells that one setting is another one's successor: read in the release notes. */
const successors: Readonly<Record<string, string>> = {
  force_parallel_mode: 'debug_parallel_query',
  ssl_ecdh_curve: 'ssl_groups',
};

/** `pg_settings` has the units and hides nothing that a file may hold; `--describe-config` stands in for what it hides. */
async function readMajor(major: PostgresMajor): Promise<Major & { close(): Promise<void> }> {
  const cluster = await createCluster({ major });
  const client = new pg.Client({ connectionString: cluster.url() });
  await client.connect();
  const { rows } = await client.query<Setting>(
    `select name, vartype, unit, context, boot_val as default, min_val as min, max_val as max, enumvals
       from pg_catalog.pg_settings where name not like '%.%'`,
  );
  const listed = await promisify(execFile)(join(cluster.bin, 'postgres'), ['--describe-config']);
  const settings = new Map(rows.map((row) => [row.name.toLowerCase(), row]));
  for (const line of listed.stdout.split('\n')) {
    const [name = '', context = '', , type = '', boot = ''] = line.split('\t');
    if (name === '' || settings.has(name.toLowerCase())) continue;
    const rest = { unit: null, min: null, max: null, enumvals: null };
    settings.set(name.toLowerCase(), { name, vartype: type.toLowerCase(), context, default: boot, ...rest });
  }
  return {
    settings,
    understands: async (name) =>
      (await client.query<{ value: string | null }>('select current_setting($1, true) as value', [name])).rows[0]
        ?.value !== null,
    close: async () => {
      await client.end();
      await cluster.remove();
    },
  };
}

/** For each of these majors but the first: what differs from the one before it. */
export async function changesBetween(majors: readonly PostgresMajor[]): Promise<Record<number, SettingChanges>> {
  const read = [];
  try {
    for (const major of majors) read.push({ major, ...(await readMajor(major)) });
    const changes: Record<number, SettingChanges> = {};
    for (const [i, now] of read.entries()) {
      const was = read[i - 1];
      if (was !== undefined) changes[now.major] = await changesOf(was.settings, now);
    }
    return changes;
  } finally {
    for (const { close } of read) await close();
  }
}

async function changesOf(was: Major['settings'], { settings: now, understands }: Major): Promise<SettingChanges> {
  // What a file can never set is no concern of an upgrade.
  const settable = [...was.values()].filter(({ context }) => context !== 'internal');
  const gone = settable.filter(({ name }) => !now.has(name.toLowerCase())).map(({ name }) => name);
  const renamed: Record<string, { to: string; alias: boolean }> = {};
  for (const name of gone) {
    const to = successors[name];
    if (to !== undefined) renamed[name] = { to, alias: await understands(name) };
  }
  const both = settable.flatMap((from) => {
    const to = now.get(from.name.toLowerCase());
    return to === undefined || to.context === 'internal' ? [] : [{ name: from.name, from, to }];
  });
  return {
    removed: gone.filter((name) => renamed[name] === undefined).sort(),
    renamed,
    added: sorted(
      [...now.values()]
        .filter(({ name, context }) => !was.has(name.toLowerCase()) && context !== 'internal')
        .map((setting) => [setting.name, setting.default ?? '']),
    ),
    defaults: sorted(
      both
        .filter(({ from, to }) => (from.default ?? '') !== (to.default ?? ''))
        .map(({ name, from, to }) => [name, { from: shown(from), to: shown(to) }]),
    ),
    reread: both
      .filter(({ from, to }) => from.vartype !== to.vartype || from.unit !== to.unit || fewer(from, to))
      .map(({ name }) => name)
      .sort(),
  };
}

/** A value that the old version took may be refused by the new one, or be shown as another one. */
function fewer(from: Setting, to: Setting): boolean {
  const numbers = from.vartype === 'integer' || from.vartype === 'real';
  if (numbers) return Number(to.min) > Number(from.min) || Number(to.max) < Number(from.max);
  return (from.enumvals ?? []).some((value) => !(to.enumvals ?? []).includes(value));
}

function shown({ default: value, unit }: Setting): string {
  return `${value ?? ''}${value === null || unit === null ? '' : ` (${unit})`}`;
}

function sorted<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The body of `domain/upgrade/settings-by-major.ts`, from its table on. */
export function rendered(changes: Readonly<Record<number, SettingChanges>>): Promise<string> {
  const text = `export const settingsByMajor: Readonly<Record<number, SettingChanges>> = ${JSON.stringify(changes)};\n`;
  return format(text, { parser: 'typescript', singleQuote: true, printWidth: 120, trailingComma: 'all' });
}
