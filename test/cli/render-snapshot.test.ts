/** A snapshot's catalogs for people: what is small is listed, what is large is counted, what was not read says why. */
import { expect, it } from '@jest/globals';
import { renderDiff, renderSnapshot } from '../../cli/render/snapshot.ts';
import { diffSnapshots } from '../../domain/snapshot/diff.ts';
import { snapshotOf } from '../../domain/snapshot/hash.ts';
import type { Snapshot } from '../../domain/snapshot.ts';

const nothing = { objects: [], defaults: [], rowSecurity: [] };
const aDatabase = { owner: 'postgres', isTemplate: false, tablespace: 'pg_default', acl: [], aclIsNull: true };

const snapshot = snapshotOf({
  server: { version: '17.10', versionNum: 171000, systemIdentifier: '1', dataDirectory: '/d', inRecovery: false },
  files: [],
  settings: [],
  roles: [],
  memberships: [
    { role: 'readers', member: 'app_svc', grantor: 'postgres', admin: true, inherit: false, set: true },
    { role: 'pg_monitor', member: 'agent', grantor: 'postgres', admin: false, inherit: true, set: true },
  ],
  databases: [
    { ...aDatabase, name: 'shop', connectionLimit: 5, allowConnections: true },
    { ...aDatabase, name: 'template0', connectionLimit: -1, allowConnections: false },
  ],
  shared: [{ kind: 'parameter', name: 'work_mem', owner: 'postgres', acl: ['app_svc=s/postgres'], aclIsNull: false }],
  catalogs: [
    {
      database: 'shop',
      unread: null,
      ...nothing,
      defaults: [{ role: 'postgres', schema: '', on: 'tables', acl: [] }],
      extensions: [{ name: 'citext', version: '1.6', schema: 'public' }],
    },
    { database: 'template0', unread: 'it allows no connections', ...nothing, extensions: [] },
  ],
});

it('shows who is a member, what lies in each database, and what could not be read', () => {
  expect(renderSnapshot(snapshot).slice(renderSnapshot(snapshot).indexOf('memberships'))).toMatchInlineSnapshot(`
   "memberships (2)
     agent    in pg_monitor  by postgres
     app_svc  in readers     by postgres  admin, no inherit

   databases (2)
     shop       owner postgres  limit 5  0 objects; 1 default privilege; 0 tables with row security; citext 1.6
     template0  owner postgres  closed   not read: it allows no connections

   tablespaces and parameters (1)
     work_mem  parameter  owner postgres  app_svc=s/postgres"
  `);
});

it('shows a file that is named and not there as just that', () => {
  const file = {
    role: 'main',
    mode: '0600',
    uid: 101,
    gid: 104,
    sizeBytes: 7,
    digest: 'sha256:1',
    text: 'a = 1\n',
  } as const;
  const { sections } = snapshot;
  const files = [
    { ...file, path: '/d/gone.conf', role: 'missing-include', uid: -1, gid: -1, sizeBytes: 0 } as const,
    { ...file, path: '/d/postgresql.conf' },
  ];
  expect(renderSnapshot(snapshotOf({ ...sections, files }))).toContain(
    '  /d/gone.conf        not there\n  /d/postgresql.conf  main       0600  101:104  7 bytes\n',
  );
});

it('names what differs as "snapshot restore --only" takes it', () => {
  const { sections } = snapshot;
  const after = snapshotOf({ ...sections, memberships: sections.memberships.slice(1), shared: [] });
  expect(renderDiff(diffSnapshots(snapshot, after))).toMatchInlineSnapshot(`
   "-  membership:pg_monitor/agent/postgres  agent is no longer a member of pg_monitor, as granted by postgres
   ~  shared:parameter work_mem             parameter work_mem: app_svc loses SET"
  `);
});

it('shows one of an older release as far as it goes', () => {
  const { server, files, settings, roles } = snapshot.sections;
  const older = { ...snapshot, sections: { server, files, settings, roles } } as unknown as Snapshot;
  expect(renderSnapshot(older)).toContain('memberships (0)');
});
