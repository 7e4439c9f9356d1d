/** The script of Knowngood's roles: what stands in it, and what names of strangers cannot make of it. */
import { describe, expect, it } from '@jest/globals';
import { dropScript } from '../../../domain/least-privilege/script.ts';
import { aCheck, aRole, agentRoles, probers, script, shop } from './shop.ts';

const lines = (text: string): readonly string[] => text.split('\n');
const said = (text: string): string =>
  lines(text)
    .filter((line) => !line.startsWith('--'))
    .join('\n');

describe.each([14, 15, 16, 17, 18])('of PostgreSQL %i', (major) => {
  const sections = shop(major * 10_000 + 3);

  it('gives the reader what it takes to see, and nothing to write with', () => {
    const text = said(script(agentRoles(sections, { reverter: null })));
    expect(text).toContain('grant pg_read_all_settings to knowngood_reader;');
    expect(text.includes('pg_ident_file_mappings')).toBe(major >= 15);
    expect(text).not.toMatch(/pg_authid|reload|alter system|[^o]createrole|pg_monitor|pg_read_server_files/);
    expect(text).toContain(
      'alter role knowngood_reader login nosuperuser noreplication nobypassrls nocreatedb nocreaterole;',
    );
  });

  it('lets the reverter set what agent.yaml lets a change set', () => {
    const text = said(script(agentRoles(sections))).replaceAll(/\s+/g, ' ');
    expect(/alter system on parameter (.*?) to/.exec(text)?.[1]).toBe(
      major >= 15
        ? 'log_min_duration_statement, max_connections, work_mem, log_duration, log_min_error_statement, log_statement'
        : undefined,
    );
    const allowed = said(script(agentRoles(sections, { allowed: ['archive_command'] })));
    expect(allowed.includes('archive_command')).toBe(major >= 15);
    expect(allowed).not.toMatch(/shared_preload_libraries|block_size/);
  });

  it('gives roles and grants back only where that is allowed', () => {
    const text = script(agentRoles(sections, { sql: false }));
    expect(said(text)).not.toMatch(/shop_owner|image_svc|set on parameter/);
    expect(text).toMatch(/^-- Not given: agent\.yaml allows no "sql"/m);
    expect(lines(text)).toContain(
      major >= 16
        ? '-- grant shop_owner to knowngood_reverter with admin true, inherit true, set true;'
        : '-- grant shop_owner to knowngood_reverter;',
    );
  });

  it('has no privileges of a role whose attributes alone it may put back', () => {
    const text = said(script(agentRoles(sections)));
    expect(text.includes('grant image_svc to knowngood_reverter with admin true, inherit false, set false;')).toBe(
      major >= 16,
    );
    expect(text.includes('grant image_svc')).toBe(major >= 16);
    expect(text).toContain('noreplication nobypassrls createdb createrole;');
  });

  it('says what stays a superuser’s', () => {
    const roles = [...sections.roles, aRole('walker', { replication: true })];
    const whole = script(agentRoles(shop(major * 10_000 + 3, { roles })));
    const text = whole.replaceAll('\n-- ', ' ');
    expect(text).toMatch(/only a superuser may put back what belongs to postgres/);
    expect(text).toContain(
      major >= 16 ? 'only a superuser gives REPLICATION and BYPASSRLS back to walker' : 'belongs to postgres, walker',
    );
    expect(said(whole)).not.toMatch(/[^o]superuser/);
    expect(text.includes('pg_execute_server_program among them')).toBe(major < 16);
    expect(text.includes("ALTER SYSTEM is a superuser's alone")).toBe(major < 15);
  });
});

it('says that more is known once everything can be seen', () => {
  const text = script(agentRoles(shop(170_003), { sections: null }));
  expect(text).toMatch(/^-- What it takes is known once everything can be seen/m);
  expect(said(text)).toContain('alter system on parameter');
});

describe('of a Patroni cluster', () => {
  const leader = { name: 'node1', host: '10.0.0.5', port: 5432 };
  const cluster = { owner: 'Patroni', leader, filesOutside: false };
  const text = script(agentRoles(shop(170_003), { cluster }));

  it('nobody may set or reload what Patroni owns', () => {
    expect(said(text)).not.toMatch(/alter system|pg_reload_conf/);
    expect(said(text)).toContain('grant knowngood_reader to knowngood_reverter;');
    // Of sessions only, so that passwords are not logged.
    expect(said(text)).toContain('grant set on parameter log_duration,');
  });

  it('files are read through the server, and no others of the host unless they are there', () => {
    expect(said(text)).toContain('grant execute on function pg_read_binary_file(text) to knowngood_reader;');
    expect(said(text)).not.toContain('pg_read_server_files');
    const outside = said(script(agentRoles(shop(170_003), { cluster: { ...cluster, filesOutside: true } })));
    expect(outside).toContain('grant pg_read_server_files to knowngood_reader;');
  });

  it('says where it is run, and so does what takes it away', () => {
    const gone = dropScript({ target: 'shop-db', roles: ['a'], databases: ['postgres'], cluster });
    for (const one of [text, gone]) expect(one).toContain('-- Run it at the leader: member node1 (10.0.0.5:5432) when');
  });
});

describe('a prober', () => {
  it('may connect to its database and read what its queries name', async () => {
    const own = await probers(
      aCheck('with recent as (select * from app.images) select 1 from recent join public.orders using (id)'),
      aCheck('select count(*) from pg_stat_activity', { database: 'postgres' }),
      aCheck('select 1 from app.images', { user: 'image_svc' }),
    );
    const text = said(script(null, { probers: own, services: ['image_svc'] }));
    expect(text).toContain('connection limit 8;');
    expect(text.match(/^grant .*/gm)).toEqual([
      'grant connect on database shop to knowngood_prober;',
      'grant usage on schema app to knowngood_prober;',
      'grant usage on schema public to knowngood_prober;',
      'grant select on app.images to knowngood_prober;',
      'grant select on public.orders to knowngood_prober;',
      'grant connect on database postgres to knowngood_prober;',
    ]);
  });

  it('is told by hand what no parser can read', async () => {
    const own = await probers(aCheck('selekt'));
    expect(script(null, { probers: own })).toContain('-- the query of check images/login could not be read');
  });
});

describe('names of strangers', () => {
  const evil = 'a; drop table images; -- "\'$$ \\! true';
  const tokens = /--[^\n]*|E'(?:[^'\\]|''|\\[^])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\$[^]*?\$\$/g;

  it.each([evil, evil.replaceAll(' ', '\n')])('leave no way out of a comment or a statement: %j', async (name) => {
    const own = await probers(aCheck('select 1 from "x""; drop"', { database: name, name }));
    const sections = shop(170_003, { roles: [aRole(name, { superuser: true }), aRole(`${name}2`)] });
    const cluster = { owner: 'Patroni', leader: { name, host: name, port: 5432 }, filesOutside: false };
    const agent = agentRoles(sections, { databases: [name], reader: name, cluster });
    const text = script(agent, { probers: own, services: [name] });
    const gone = dropScript({ target: 'shop-db', roles: [name], databases: [name, 'postgres'], cluster });
    for (const one of [text, gone]) {
      expect(one.replaceAll(tokens, '')).not.toMatch(/drop\s+table|\\!/);
      // psql knows of no line within quotes.
      expect(one).not.toMatch(/^\\connect.*[^"]$/m);
    }
  });
});
