/** Somebody else works on the same server while a change is open: what has nothing to do with it stays, section by section. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Captured } from '../../targets/target.ts';
import { append, prepend, replace, type Step } from './mutation.ts';
import { type Facts, differences } from './oracles.ts';
import { type ProvingGround, createProvingGround } from './proving-ground.ts';

interface Case {
  readonly name: string;
  /** What the change does. */
  readonly change: readonly Step[];
  /** What somebody else does before the revert. */
  readonly meanwhile: readonly Step[];
  readonly reload?: boolean;
}

const unrelated: readonly Case[] = [
  {
    name: 'a line of postgresql.conf',
    change: [append('postgresql.conf', 'maintenance_work_mem = 99MB\n')],
    meanwhile: [prepend('postgresql.conf', 'geqo_effort = 6\n')],
    reload: true,
  },
  {
    name: 'a rule of pg_hba.conf',
    change: [replace('pg_hba.conf', /^host\s+shop\s+app_rw.*\n/m, '')],
    meanwhile: [append('pg_hba.conf', 'host all all 10.9.0.0/16 reject\n')],
    reload: true,
  },
  {
    name: 'a setting saved by ALTER SYSTEM',
    change: ["alter system set work_mem = '64MB'"],
    meanwhile: ['alter system set geqo_effort = 7'],
    reload: true,
  },
  {
    name: 'an attribute of the same role',
    change: ['alter role app_rw nologin'],
    meanwhile: ['alter role app_rw connection limit 9'],
  },
  {
    name: 'another role',
    change: ['alter role app_rw nologin'],
    meanwhile: ['create role newcomer login', "alter role plain valid until '2033-01-01'"],
  },
  {
    name: 'a setting of the same role',
    change: ["alter role app_rw set work_mem = '6MB'"],
    meanwhile: ["alter role app_rw set application_name = 'theirs'"],
  },
  { name: 'another membership', change: ['revoke readers from app_ro'], meanwhile: ['grant writers to app_ro'] },
  {
    name: 'an attribute of the same database',
    change: ['revoke connect on database shop from public'],
    meanwhile: ['alter database shop connection limit 77'],
  },
  {
    name: 'a grant on the same table',
    change: ['revoke all on app.orders from app_rw'],
    meanwhile: ['grant delete on app.orders to plain'],
  },
  {
    name: 'a grant to the same role',
    change: ['revoke select on app.orders from app_rw'],
    meanwhile: ['grant update on app.orders to app_rw'],
  },
  {
    name: 'a grant on a table whose owner the change replaced',
    change: ['alter table app.items owner to dba'],
    meanwhile: ['grant select on app.mv_orders to plain'],
  },
  {
    name: 'a grant on a column',
    change: ['revoke select (customer) on app.orders from app_ro'],
    meanwhile: ['grant select (total) on app.orders to plain'],
  },
  {
    name: 'default privileges',
    change: ['alter default privileges for role shop_owner revoke select on tables from readers'],
    meanwhile: ['alter default privileges for role shop_owner grant insert on tables to app_rw'],
  },
  {
    name: 'another policy',
    change: ['drop policy own_rows on app.orders'],
    meanwhile: ['create policy theirs on app.orders for delete using (true)'],
  },
  {
    name: 'a new table',
    change: ['revoke all on app.orders from app_rw'],
    meanwhile: ['create table app.theirs ()', 'grant all on app.theirs to public'],
  },
];

/** Both changed the same: `theirs` is what the report has to name. */
const conflicting: readonly (Case & { readonly theirs: RegExp; readonly whoWins: 'before' | 'theirs' })[] = [
  {
    name: 'a setting saved by ALTER SYSTEM',
    change: ["alter system set work_mem = '64MB'"],
    meanwhile: ["alter system set work_mem = '65MB'"],
    reload: true,
    theirs: /work_mem/,
    whoWins: 'before',
  },
  {
    name: 'a connection limit',
    change: ['alter role app_rw connection limit 0'],
    meanwhile: ['alter role app_rw connection limit 9'],
    theirs: /app_rw/,
    whoWins: 'before',
  },
  {
    name: "a role's setting",
    change: ["alter role app_rw set work_mem = '6MB'"],
    meanwhile: ["alter role app_rw set work_mem = '7MB'"],
    theirs: /work_mem/,
    whoWins: 'before',
  },
  {
    name: 'a policy',
    change: ['alter policy own_rows on app.orders using (false)'],
    meanwhile: ['alter policy own_rows on app.orders using (true)'],
    theirs: /own_rows/,
    whoWins: 'before',
  },
  {
    name: 'an owner',
    change: ['alter table app.items owner to dba'],
    meanwhile: ['alter table app.items owner to mighty'],
    theirs: /items/,
    whoWins: 'before',
  },
  {
    name: 'a password, which stays rotated',
    change: ["alter role app_rw password 'of the change'"],
    meanwhile: ["alter role app_rw password 'rotated'"],
    theirs: /app_rw/,
    whoWins: 'theirs',
  },
];

/** Their version of a file, and the record of a merge. */
const kept = ['knowngood-theirs', 'knowngood-merged'];

let ground: ProvingGround;
let facts: Facts;
let fresh: Captured;
beforeAll(async () => {
  ground = await createProvingGround(17);
  facts = await ground.facts();
  fresh = await ground.target.capture();
}, 120_000);
afterEach(() => cleared());
afterAll(() => ground?.close());

/** The product's own revert is the faster way; what it leaves, as it must, needs a new server. */
async function cleared(): Promise<void> {
  const swept = await ground.revert(fresh, null).catch(() => null);
  const names = await readdir(ground.cluster.dataDir);
  const litter = names.filter((name) => kept.some((part) => name.includes(part)));
  await Promise.all(litter.map((name) => rm(join(ground.cluster.dataDir, name))));
  if (swept?.remaining.length !== 0 || differences(facts, await ground.facts()).length > 0) await ground.reset();
}

/** The facts that `steps` alone make of the fixture. */
async function factsWith(steps: readonly Step[], reload: boolean | undefined): Promise<Facts> {
  await ground.perform({ steps, needs: reload === true ? 'reload' : 'none' });
  const found = await ground.facts();
  await cleared();
  return found;
}

describe('what somebody else did since survives, when the change had nothing to do with it', () => {
  it.each(unrelated.map((one) => [one.name, one] as const))('%s', async (_name, { change, meanwhile, reload }) => {
    const wanted = await factsWith(meanwhile, reload);
    const needs = reload === true ? 'reload' : 'none';
    const before = await ground.target.capture();
    await ground.perform({ steps: change, needs });
    const changed = await ground.target.capture();
    await ground.perform({ steps: meanwhile, needs });
    const report = await ground.revert(before, changed);
    expect(report.remaining).toEqual([]);
    expect(report.conflicts).toEqual([]);
    expect(differences(wanted, await ground.facts(), ['file postgresql.auto.conf', ...kept])).toEqual([]);
  });

  it('a password that they rotated while the change took something else from the role', async () => {
    const before = await ground.target.capture();
    await ground.perform({ steps: ['alter role app_rw nologin'] });
    const changed = await ground.target.capture();
    await ground.perform({ steps: ["alter role app_rw password 'rotated'"] });
    const rotated = passwordIn(await ground.facts());
    const report = await ground.revert(before, changed);
    expect([report.remaining, report.conflicts]).toEqual([[], []]);
    expect(passwordIn(await ground.facts())).toBe(rotated);
    expect(passwordIn(facts)).not.toBe(rotated);
  });
});

describe('what both changed is decided and reported', () => {
  it.each(conflicting.map((one) => [one.name, one] as const))(
    '%s',
    async (_name, { change, meanwhile, reload, theirs, whoWins }) => {
      const needs = reload === true ? 'reload' : 'none';
      const before = await ground.target.capture();
      await ground.perform({ steps: change, needs });
      const changed = await ground.target.capture();
      await ground.perform({ steps: meanwhile, needs });
      const wanted = whoWins === 'theirs' ? await ground.facts() : facts;
      const report = await ground.revert(before, changed);
      expect(report.remaining).toEqual([]);
      expect(report.conflicts.join('\n')).toMatch(theirs);
      expect(differences(wanted, await ground.facts(), kept)).toEqual([]);
    },
  );
});

function passwordIn(found: Facts): string | undefined {
  return found.find((line) => line.startsWith('role app_rw '))?.replace(/.*password=/, '');
}
