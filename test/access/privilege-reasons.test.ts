/** How it is told what a user lacks, and what nobody can tell; cases by hand. */
import { describe, expect, it } from '@jest/globals';
import { parseNeed } from '../../domain/access/need.ts';
import { type NeedAnswer, type PrivilegeSections, privilegesIn } from '../../domain/access/privileges.ts';
import type {
  DatabaseCatalog,
  MembershipEntry,
  ObjectEntry,
  PolicyEntry,
  RowSecurityEntry,
} from '../../domain/catalog.ts';
import type { RoleEntry } from '../../domain/snapshot.ts';
import { newRole } from '../../domain/snapshot/new-role.ts';

const role = (name: string, more: Partial<RoleEntry> = {}): RoleEntry => newRole(name, { login: true, ...more });
const member = (name: string, of: string, inherit: boolean, set: boolean): MembershipEntry => ({
  role: of,
  member: name,
  grantor: 'postgres',
  admin: false,
  inherit,
  set,
});
const object = (kind: ObjectEntry['kind'], name: string, acl: readonly string[], owner = 'boss'): ObjectEntry => ({
  kind,
  name,
  owner,
  acl,
  aclIsNull: false,
});
const policy = (roles: readonly string[], more: Partial<PolicyEntry> = {}): PolicyEntry => ({
  name: 'p',
  permissive: true,
  command: 'all',
  roles,
  using: 'true',
  check: null,
  ...more,
});

interface Bent {
  readonly versionNum?: number;
  readonly memberships?: readonly MembershipEntry[];
  readonly schema?: readonly string[];
  readonly images?: readonly string[];
  readonly owner?: string;
  readonly policies?: readonly PolicyEntry[];
  readonly objects?: readonly ObjectEntry[];
  readonly catalog?: Partial<DatabaseCatalog>;
  /** In the place of those of the same name. */
  readonly roles?: readonly RoleEntry[];
}

/** image_svc and what it may do with public.images. */
function asked(words: string, bent: Bent = {}, user = 'image_svc'): NeedAnswer {
  const { versionNum = 170000, schema = ['=U/boss'], images = ['boss=arwdDxtm/boss'], owner = 'boss', policies } = bent;
  const sections: PrivilegeSections = {
    settings: [],
    server: { version: '', versionNum, systemIdentifier: '', dataDirectory: '', inRecovery: false },
    roles: ['boss', 'image_svc', 'shop_reader', 'carl'].map(
      (name) => bent.roles?.find((one) => one.name === name) ?? role(name),
    ),
    memberships: bent.memberships ?? [],
    databases: [
      {
        name: 'shop',
        owner: 'boss',
        connectionLimit: -1,
        allowConnections: true,
        isTemplate: false,
        tablespace: 'pg_default',
        acl: [],
        aclIsNull: true,
      },
    ],
    catalogs: [
      {
        database: 'shop',
        unread: null,
        objects: [
          object('schema', 'public', schema),
          object('table', 'public.images', images, owner),
          object('view', 'public.listed', ['=r/boss']),
          ...(bent.objects ?? []),
        ],
        defaults: [],
        rowSecurity: policies === undefined ? [] : [{ table: 'public.images', enabled: true, forced: false, policies }],
        extensions: [{ name: 'plpgsql', version: '1.0', schema: 'pg_catalog' }],
        ...bent.catalog,
      },
    ],
  };
  const parsed = parseNeed(words);
  if (parsed.kind === 'wrong') throw new Error(parsed.message);
  return privilegesIn(sections, 'shop')(user, parsed.need);
}

const reader = ['shop_reader=r/boss'];
const own = ['image_svc=arwd/boss'];

describe('what is missing is told in one sentence', () => {
  for (const [name, words, bent, kind, why] of [
    [
      'nobody has it',
      'select on public.images',
      { images: [] },
      'denied',
      'image_svc has no SELECT on public.images: granted to nobody',
    ],
    [
      'others have it',
      'delete on public.images',
      {},
      'denied',
      'image_svc has no DELETE on public.images: granted only to boss',
    ],
    [
      'many others have it',
      'select on public.images',
      { images: ['a=r/b', 'b=r/b', 'c=r/b', 'd=r/b', 'e=r/b'] },
      'denied',
      'image_svc has no SELECT on public.images: granted only to a, b, c and 2 more',
    ],
    [
      'a role has it whose privileges are not inherited',
      'select on public.images',
      { images: reader, memberships: [member('image_svc', 'shop_reader', false, true)] },
      'denied',
      'image_svc has no SELECT on public.images: granted to shop_reader, of which it is a member without INHERIT (SET ROLE shop_reader would give it)',
    ],
    [
      'a role has it that cannot be set either',
      'select on public.images',
      { images: reader, memberships: [member('image_svc', 'shop_reader', false, false)] },
      'denied',
      'image_svc has no SELECT on public.images: granted to shop_reader, of which it is a member without INHERIT',
    ],
    [
      'a predefined role would have it',
      'select on public.images',
      { memberships: [member('image_svc', 'pg_read_all_data', false, false)] },
      'denied',
      'image_svc has no SELECT on public.images: pg_read_all_data would have it, of which it is a member without INHERIT',
    ],
    [
      'the owner took it from itself',
      'select on public.images',
      { owner: 'image_svc', images: ['image_svc=a/image_svc'] },
      'denied',
      'image_svc has no SELECT on public.images: it owns that, and somebody revoked its own privilege',
    ],
    [
      'the schema is closed',
      'select on public.images',
      { images: own, schema: [] },
      'denied',
      'image_svc has no USAGE on public: granted to nobody',
    ],
    [
      'two things are missing',
      'select on public.images',
      { schema: [] },
      'denied',
      'image_svc has no USAGE on public: granted to nobody; image_svc has no SELECT on public.images: granted only to boss',
    ],
    ['there is no such table', 'select on public.nothing', {}, 'denied', 'there is no table public.nothing'],
    [
      'row security lets nobody see',
      'select on public.images',
      { images: own, policies: [] },
      'denied',
      'row security of public.images shows no row to image_svc: no permissive policy is for SELECT by it',
    ],
    [
      'row security is for others',
      'update on public.images',
      { images: own, policies: [policy(['carl'])] },
      'denied',
      'row security of public.images shows no row to image_svc: no permissive policy is for UPDATE by it',
    ],
    [
      'row security only restricts',
      'delete on public.images',
      { images: own, policies: [policy([''], { permissive: false })] },
      'denied',
      'row security of public.images shows no row to image_svc: no permissive policy is for DELETE by it',
    ],
    [
      'row security takes nothing in',
      'insert on public.images',
      { images: own, policies: [policy([''], { command: 'select' })] },
      'denied',
      'row security of public.images takes no row from image_svc: no permissive policy is for INSERT by it',
    ],
    [
      'the system made it',
      'select on pg_catalog.pg_class',
      {},
      'unknown',
      'a snapshot holds what the system made only where its privileges were changed, and pg_catalog.pg_class is not there',
    ],
    [
      'an extension may have made it',
      'select on public.spatial',
      { catalog: { extensions: [{ name: 'postgis', version: '3', schema: 'public' }] } },
      'unknown',
      'the snapshot holds no table public.spatial: there is none, or an extension (postgis) made it and nobody changed its privileges',
    ],
    [
      'the database was not read',
      'select on public.images',
      { catalog: { unread: 'it accepts no connections' } },
      'unknown',
      'database shop was not read (it accepts no connections)',
    ],
    [
      'there was no MAINTAIN yet',
      'maintain on public.images',
      { versionNum: 160000 },
      'unknown',
      'there is no MAINTAIN before 17: whoever owns a table maintains it',
    ],
    [
      'two routines have the name',
      'execute on function public.f',
      { objects: [object('routine', 'public.f(a integer)', []), object('routine', 'public.f(text)', [])] },
      'unknown',
      'which routine public.f is cannot be told: there is public.f(a integer) and public.f(text)',
    ],
  ] as const)
    it(name, () => expect(asked(words, bent as Bent).reaches).toMatchObject({ kind, why }));

  it('three others are named, the fourth counted', () => {
    const why = (images: readonly string[]): unknown => asked('select on public.images', { images }).holds;
    expect(why(['a=r/b', 'b=r/b', 'c=r/b'])).toMatchObject({
      why: expect.stringMatching(/: granted only to a, b, c$/),
    });
    expect(why(['a=r/b', 'b=r/b', 'c=r/b', 'd=r/b'])).toMatchObject({ why: expect.stringMatching(/ c and 1 more$/) });
  });
  it('there is no such database', () => {
    const parsed = parseNeed('usage on schema public');
    const sections = { databases: [], catalogs: [] } as unknown as PrivilegeSections;
    if (parsed.kind === 'need')
      expect(privilegesIn(sections, 'nowhere')('image_svc', parsed.need).reaches).toEqual({
        kind: 'denied',
        why: 'there is no database nowhere',
        where: 'database nowhere',
      });
  });
  it('an unknown role is denied, one of the system is unknown', () => {
    expect(asked('select on public.images', {}, 'nobody').holds).toMatchObject({
      kind: 'denied',
      why: 'there is no role nobody',
    });
    expect(asked('select on public.images', {}, 'pg_monitor').holds.kind).toBe('unknown');
  });
});

describe('row security', () => {
  const images = ['image_svc=arwd/boss', 'boss=arwd/boss'];
  const roleOf = (rowSecurity: Partial<RowSecurityEntry>, user: string, more: Partial<RoleEntry> = {}): string => {
    const entry = { table: 'public.images', enabled: true, forced: false, policies: [], ...rowSecurity };
    return asked(
      'select on public.images',
      { images, catalog: { rowSecurity: [entry] }, roles: [role(user, more)] },
      user,
    ).reaches.kind;
  };
  for (const [name, security, user, more, kind] of [
    ['stops who does not own the table', {}, 'image_svc', {}, 'denied'],
    ['spares its owner', {}, 'boss', {}, 'allowed'],
    ['spares not its owner when it is forced', { forced: true }, 'boss', {}, 'denied'],
    ['spares who bypasses it', { forced: true }, 'image_svc', { bypassRls: true }, 'allowed'],
    ['spares superusers', { forced: true }, 'image_svc', { superuser: true }, 'allowed'],
    ['is nothing while it is not enabled', { enabled: false, forced: true }, 'image_svc', {}, 'allowed'],
    [
      'is an error while row_security is off',
      { policies: [policy([''])] },
      'image_svc',
      { settings: { shop: ['row_security=false'] } },
      'denied',
    ],
    [
      'is none for its owner, row_security or not',
      { policies: [policy([''])] },
      'boss',
      { settings: { '': ['row_security=off'] } },
      'allowed',
    ],
  ] as const)
    it(name, () => expect(roleOf(security as Partial<RowSecurityEntry>, user, more as Partial<RoleEntry>)).toBe(kind));

  it('is for a column too', () => {
    expect(asked('select on column public.images.path', { images, policies: [] }).reaches.kind).toBe('denied');
    expect(asked('select on public.images', { images, policies: [policy(['carl', 'image_svc'])] }).reaches.kind).toBe(
      'allowed',
    );
  });
  it('of another role is not looked at while a session begins as that', () => {
    const roles = [role('image_svc', { settings: { '': ['role=carl'] } })];
    expect(asked('select on public.images', { images, roles }).reaches).toMatchObject({
      kind: 'unknown',
      why: 'a session of image_svc begins as another role (role = carl)',
    });
    const same = [role('image_svc', { settings: { '': ['role=image_svc'] } })];
    expect(asked('select on public.images', { images, roles: same }).reaches.kind).toBe('allowed');
  });
});

describe('predefined roles and the owner of the database', () => {
  for (const [of, words, kind] of [
    ['pg_read_all_data', 'select on public.images', 'allowed'],
    ['pg_read_all_data', 'usage on schema public', 'allowed'],
    ['pg_read_all_data', 'insert on public.images', 'denied'],
    ['pg_write_all_data', 'delete on public.images', 'allowed'],
    ['pg_write_all_data', 'update on public.images', 'allowed'],
    ['pg_write_all_data', 'insert on public.images', 'allowed'],
    ['pg_write_all_data', 'usage on schema public', 'allowed'],
    ['pg_write_all_data', 'create on schema public', 'denied'],
    ['pg_write_all_data', 'truncate on public.images', 'denied'],
    ['pg_maintain', 'maintain on public.images', 'allowed'],
    ['pg_maintain', 'trigger on public.images', 'denied'],
    ['boss', 'create on schema public', 'allowed'],
  ] as const)
    it(`a member of ${of}: ${words} is ${kind}`, () => {
      const schema = ['pg_database_owner=UC/boss'];
      expect(asked(words, { schema, images: [], memberships: [member('image_svc', of, true, true)] }).holds.kind).toBe(
        kind,
      );
    });
  it('an owner without INHERIT has not what its database’s owner has before 16', () => {
    const schema = ['pg_database_owner=UC/boss'];
    const roles = [role('boss', { inherit: false })];
    expect(asked('create on schema public', { schema, roles, versionNum: 150000 }, 'boss').holds.kind).toBe('denied');
    expect(asked('create on schema public', { schema, roles, versionNum: 160000 }, 'boss').holds.kind).toBe('allowed');
  });
  it('changes of the system catalogs are for superusers', () => {
    const objects = [{ ...object('table', 'pg_catalog.pg_authid', ['image_svc=rw/boss']), initial: [] }];
    expect(asked('update on pg_catalog.pg_authid', { objects }).reaches).toMatchObject({
      kind: 'denied',
      why: 'image_svc has no UPDATE on pg_catalog.pg_authid: only superusers change the system catalogs',
    });
    expect(asked('select on pg_catalog.pg_authid', { objects }).reaches.kind).toBe('allowed');
    const roles = [role('image_svc', { superuser: true })];
    expect(asked('update on pg_catalog.pg_authid', { objects, roles }).reaches.kind).toBe('allowed');
  });
});

describe('what the system and extensions made', () => {
  const made = (kind: ObjectEntry['kind'], name: string): ObjectEntry => ({
    ...object(kind, name, ['image_svc=rw/boss']),
    initial: [],
  });
  it('is changed like anything else where it is no catalog', () => {
    const objects = [
      made('table', 'public.spatial'),
      made('view', 'pg_catalog.pg_settings'),
      object('table', 'pg_catalog.pg_mine', ['image_svc=w/boss']),
    ];
    for (const name of ['public.spatial', 'pg_catalog.pg_settings', 'pg_catalog.pg_mine'])
      expect(asked(`update on ${name}`, { objects }).holds.kind).toBe('allowed');
  });
  it('is open to everybody where initdb opened it, and nobody can tell more', () => {
    const answers = [
      'usage on schema pg_catalog',
      'usage on schema information_schema',
      'create on schema pg_catalog',
      'usage on schema pg_toast',
    ];
    expect(answers.map((words) => asked(words).holds.kind)).toEqual(['allowed', 'allowed', 'unknown', 'unknown']);
    const catalog = { extensions: [{ name: 'postgis', version: '3', schema: 'topology' }] };
    expect(asked('usage on schema topology', { catalog }).holds.kind).toBe('unknown');
  });
});

describe('what is allowed', () => {
  it('is a schema by its own privilege alone', () => {
    expect(asked('create on schema public', { schema: ['image_svc=C/boss'] }).reaches.kind).toBe('allowed');
  });
  it('is noted to be for a foreign server to decide', () => {
    const objects = [object('foreign table', 'public.far', ['=r/boss'])];
    expect(asked('select on public.far', { objects }).reaches).toMatchObject({
      notes: ['what public.far says is for its foreign server to decide'],
    });
  });
  it('holds while the schema is closed, and is not reached', () => {
    const { holds, reaches } = asked('select on public.images', { images: own, schema: [] });
    expect([holds.kind, reaches.kind]).toEqual(['allowed', 'denied']);
  });
  it('is noted to depend on policies', () => {
    const { reaches } = asked('select on public.images', { images: own, policies: [policy(['image_svc'])] });
    expect(reaches).toEqual({ kind: 'allowed', notes: ['policies of public.images decide which rows'] });
  });
  it('is noted to depend on what a view reads', () => {
    expect(asked('select on view public.listed').reaches).toEqual({
      kind: 'allowed',
      notes: ['what the view public.listed reads, and as whom, is not part of a snapshot'],
    });
  });
  it('is not asked of policies where rows are not', () => {
    const images = ['image_svc=Dx/boss'];
    for (const words of ['truncate on public.images', 'references on public.images'])
      expect(asked(words, { images, policies: [] }).reaches).toEqual({ kind: 'allowed', notes: [] });
  });
  it('comes with a column, whatever the table says', () => {
    const objects = [
      { ...object('column', 'public.images.path', ['image_svc=r/boss'], ''), of: 'public.images', column: 'path' },
    ];
    expect(asked('select on column public.images.path', { objects }).reaches.kind).toBe('allowed');
    expect(asked('select on column public.images.id', { objects }).reaches.kind).toBe('denied');
    expect(asked('select on public.images', { objects }).reaches.kind).toBe('denied');
  });
});
