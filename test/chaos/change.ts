/** What a scenario's parts mean on the server as it is: the change to ask for, its steps by hand, and the C it makes. */
import type { Change, HbaEdit, SqlEntry } from '../../domain/change.ts';
import type { Cluster } from '../../worker/stack/cluster.ts';
import type { Step } from './change-script.ts';
import { type Configuration, database, factsAfter } from './configuration.ts';
import type { Part, Scenario } from './scenario.ts';

export const dependentRule = 'host shop image_svc 127.0.2.0/24 scram-sha-256';
const otherRule = 'host shop report_svc 127.0.3.0/24 scram-sha-256';

export interface MadeChange {
  readonly request: Change;
  /** For a command or a pipeline, which do by hand what a declared change has the agent do. */
  readonly steps: readonly Step[];
  readonly expected: Configuration;
}

interface Effect {
  readonly settings?: Readonly<Record<string, string>>;
  /** null: removed. */
  readonly files?: Readonly<Record<string, string | null>>;
  readonly hba?: HbaEdit;
  readonly sql?: string;
}

export async function makeChange(scenario: Scenario, before: Configuration, cluster: Cluster): Promise<MadeChange> {
  const effects = scenario.parts.map((part) => effectOf(part, scenario.value, before));
  const settings = Object.assign({}, ...effects.map((effect) => effect.settings ?? {})) as Record<string, string>;
  const files = Object.assign({}, ...effects.map((effect) => effect.files ?? {})) as Record<string, string | null>;
  const hba = effects.flatMap((effect) => effect.hba ?? []);
  const sql = effects.flatMap((effect) => effect.sql ?? []);
  const written: Record<string, string | null> = { ...files };
  if (hba.length > 0) written['pg_hba.conf'] = hba.reduce(edited, before.files['pg_hba.conf']?.text ?? '');
  const entries: SqlEntry[] = sql.map((statement) => ({ database, statement }));
  return {
    request:
      scenario.kind === 'config'
        ? {
            kind: 'config',
            ...(Object.keys(settings).length > 0 ? { settings } : {}),
            ...(Object.keys(files).length > 0 ? { files } : {}),
            ...(hba.length > 0 ? { hba } : {}),
            ...(entries.length > 0 ? { sql: entries } : {}),
          }
        : scenario.kind === 'command'
          ? { kind: 'command', name: 'change' }
          : { kind: 'external', description: 'a pipeline of the test' },
    steps: [
      ...Object.entries(settings).map(([name, value]): Step => ({
        kind: 'sql',
        statement: `alter system set ${name} = '${value}'`,
      })),
      ...Object.entries(written).map(([path, text]): Step =>
        text === null ? { kind: 'remove', path } : { kind: 'write', path, text },
      ),
      ...sql.map((statement): Step => ({ kind: 'sql', statement })),
      { kind: 'sql', statement: 'select pg_reload_conf()' },
    ],
    expected: {
      files: withTexts(before.files, { ...written, ...autoConf(before, settings) }),
      facts: await factsAfter(cluster, sql),
    },
  };
}

function effectOf(part: Part, value: number, before: Configuration): Effect {
  const has = (path: string, line: string): boolean => (before.files[path]?.text ?? '').includes(line);
  const granted = before.facts.some((fact) => /^relation r public\.orders .*report_svc=SELECT/.test(fact));
  switch (part) {
    case 'setting':
      return { settings: { work_mem: `${value + (has('postgresql.auto.conf', `'${value}MB'`) ? 1 : 0)}MB` } };
    case 'file': {
      const line = `maintenance_work_mem = '${value}MB'`;
      return { files: { 'conf.d/chaos.conf': has('conf.d/chaos.conf', line) ? `# again\n${line}\n` : `${line}\n` } };
    }
    case 'new-file': {
      const path = 'conf.d/extra.conf';
      return { files: { [path]: path in before.files ? null : `autovacuum_naptime = '${value}s'\n` } };
    }
    case 'hba':
      return { hba: has('pg_hba.conf', otherRule) ? { remove: otherRule } : { add: otherRule } };
    case 'grant':
      return { sql: granted ? 'revoke select on orders from report_svc' : 'grant select on orders to report_svc' };
    case 'limit': {
      const limit = before.facts.some((fact) => fact.includes(`role report_svc `) && fact.includes(` limit=${value} `));
      return { sql: `alter role report_svc connection limit ${limit ? value + 1 : value}` };
    }
    case 'hba-lockout':
      return { hba: { remove: dependentRule } };
    case 'revoke-lockout':
      return { sql: 'revoke select on images from image_svc' };
    case 'limit-lockout':
      return { sql: 'alter role image_svc connection limit 0' };
    default:
      return part satisfies never;
  }
}

function edited(text: string, edit: HbaEdit): string {
  return 'add' in edit ? `${text}${edit.add}\n` : text.replace(`${edit.remove}\n`, '');
}

/** Only one setting is ever in there, so that the order of the lines is no question. */
function autoConf(before: Configuration, settings: Readonly<Record<string, string>>): Record<string, string> {
  const [entry] = Object.entries(settings);
  if (entry === undefined) return {};
  const header = (before.files['postgresql.auto.conf']?.text ?? '').split('\n').filter((line) => line.startsWith('#'));
  return { 'postgresql.auto.conf': [...header, `${entry[0]} = '${entry[1]}'`, ''].join('\n') };
}

function withTexts(
  files: Configuration['files'],
  texts: Readonly<Record<string, string | null>>,
): Configuration['files'] {
  const like = files['pg_hba.conf'];
  const changed = Object.entries(texts).map(([path, text]) => [path, { ...(files[path] ?? like), text }] as const);
  const all = Object.entries({ ...files, ...Object.fromEntries(changed) });
  return Object.fromEntries(all.filter(([, { text }]) => text !== null)) as Configuration['files'];
}
