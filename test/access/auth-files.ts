/** Files of rules as nobody in his right mind would write them, and as everybody does: for comparing with the server. */
import fc from 'fast-check';

/** Relative path → content, one char a byte. */
export type AuthFiles = Readonly<Record<string, string>>;

const blank = fc.constantFrom(' ', '\t', '  ', ' \t ');
const name = fc.constantFrom(
  'all',
  'shop',
  'image_svc',
  'app',
  'postgres',
  'sameuser',
  'samerole',
  'samegroup',
  'replication',
  'kunden-daten',
  'Gr\xc3\xbc\xc3\x9fe',
);
const oddName = fc.constantFrom(
  '+staff',
  '+',
  '@',
  '@nowhere.txt',
  '/^app_[0-9]+$',
  '/',
  '/(',
  '/a)',
  '/a|b',
  '/.*',
  '#x',
  '',
  ',',
  '"',
  '""',
  'a"b',
  '"a b"',
  '"all"',
  'a"ll"',
  '"a""b"',
  '"+staff"',
  '"/x"',
  '"@names.txt"',
  'x=y',
  '\\',
  'a\\',
  '*',
);
/** `@` lists that exist: only in the main file, or their number would grow with each level. */
const lists = fc.constantFrom('@names.txt', '@sub/more.txt', '@loop.txt');
const inner = fc.oneof({ weight: 6, arbitrary: name }, { weight: 2, arbitrary: oddName });
const outer = fc.oneof({ weight: 7, arbitrary: inner }, { weight: 1, arbitrary: lists });

const listed = (word: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 5, arbitrary: word },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.array(word, { minLength: 2, maxLength: 4 }), fc.constantFrom(',', ', ', ' ,', ',,', ' , '))
        .map(([words, comma]) => words.join(comma)),
    },
  );
const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 10, 127, 255, 256, 300));
const v4 = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '1',
      '127.1',
      '10.1.2',
      '0x7f.1',
      '010.0.0.1',
      '08.1.1.1',
      '1.2.3.4.5',
      '0x',
      '1.2.3.',
      '4294967295',
      '4294967296',
      '1.2.3.0xff',
      '1..2',
      '-1.2.3.4',
    ),
  },
);
const group = fc.constantFrom('0', '1', 'ff', 'fe80', 'ffff', '2001', 'db8', '00a0', '0000', 'a');
const v6 = fc.oneof(
  { weight: 2, arbitrary: fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':')) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.array(group, { maxLength: 4 }), fc.array(group, { maxLength: 4 }))
      .map(([left, right]) => `${left.join(':')}::${right.join(':')}`),
  },
  { weight: 2, arbitrary: v4.map((four) => `::ffff:${four}`) },
  { weight: 1, arbitrary: v4.map((four) => `::${four}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '::1',
      '::',
      '1::2::3',
      '12345::',
      ':1',
      '1:',
      'g::',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      'FE80::A',
    ),
  },
);
const suffix = fc.constantFrom(
  '',
  '/0',
  '/8',
  '/24',
  '/32',
  '/33',
  '/64',
  '/128',
  '/129',
  '/',
  '/-1',
  '/+8',
  '/08',
  '/8x',
  '/a',
  '/24/8',
);
const address = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.oneof(v4, v6), suffix).map(([ip, length]) => ip + length) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'all',
      'samehost',
      'samenet',
      '"all"',
      'db.example.com',
      '.example.com',
      'localhost',
      'host/24',
      '""',
      '"10.0.0.0/8"',
      '10.0.0.0/8,10.1.0.0/16',
      '_x',
    ),
  },
);
const method = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('trust', 'reject', 'md5', 'password', 'scram-sha-256', 'peer', 'ident', 'cert'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'gss',
      'sspi',
      'pam',
      'bsd',
      'ldap',
      'oauth',
      'krb5',
      'Trust',
      '"trust"',
      'md5,trust',
      '',
      'radius',
    ),
  },
);
const option = fc.constantFrom(
  'map=people',
  'map=',
  'map',
  'clientcert=verify-ca',
  'clientcert=verify-full',
  'clientcert=1',
  'clientname=DN',
  'clientname=CN',
  'clientname=cn',
  'krb_realm=X',
  'include_realm=0',
  'pamservice=x',
  'ldapserver=a',
  'ldaptls=1',
  'radiusservers=127.0.0.1',
  'radiussecrets=s',
  'issuer=i',
  'validator=v',
  'scope=s',
  'delegate_ident_mapping=1',
  '"map=a b"',
  'map=a,map=b',
  '=x',
  'x=',
  'compat_realm=1',
  'constructor=1',
);
const type = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc') },
  { weight: 1, arbitrary: fc.constantFrom('Host', 'hosts', '"host"', 'host,local', 'x', '', 'hostnogss') },
);
const mask = fc.oneof(
  fc.constantFrom('255.255.255.0', '255.0.255.0', 'ffff::', '0.0.0.0', '255.255.255', 'x', '255.0.0.0,1'),
  v4,
  v6,
);

const spacedOut = (fields: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.array(blank, { minLength: fields.length, maxLength: fields.length }), fc.tuple(...fields))
    .map(([blanks, words]) => (words as string[]).map((one, at) => one + (blanks[at] ?? ' ')).join(''));
const options = fc.array(option, { maxLength: 3 }).map((all) => all.join(' '));
const radius = fc.constantFrom(
  'radius radiusservers=127.0.0.1 radiussecrets=s',
  'radius radiusservers="127.0.0.1,127.0.0.2" radiussecrets="a,b"',
  'radius radiusservers="127.0.0.1,127.0.0.2" radiussecrets="a,b,c"',
  'radius radiusservers="127.0.0.1" radiussecrets=a radiusports=1812 radiusidentifiers=x',
  'radius radiusservers=127.0.0.1 radiussecrets=a radiusports=x',
  'radius radiusservers=127.0.0.1',
);
const rule = (word: fc.Arbitrary<string>, isWhole = true): fc.Arbitrary<string> => {
  const names = listed(word);
  return fc.oneof(
    { weight: 6, arbitrary: spacedOut([type, names, names, address, method, options]) },
    { weight: 3, arbitrary: spacedOut([fc.constant('local'), names, names, method, options]) },
    { weight: 2, arbitrary: spacedOut([type, names, names, fc.oneof(v4, v6), mask, method, options]) },
    // What is left of a server's name when it is cut is for the resolver to say.
    { weight: isWhole ? 1 : 0, arbitrary: spacedOut([fc.constant('host'), names, names, address, radius]) },
  );
};
const include = fc
  .oneof(
    fc.tuple(
      fc.constantFrom('include', 'include_dir', '"include"', 'include,x'),
      fc.constantFrom(
        'names.txt',
        'sub/more.txt',
        'nowhere.txt',
        'sub',
        'nowhere',
        '"sub/more.txt"',
        'loop.txt',
        'sub extra',
      ),
    ),
    // Not the loop: whether one that is too deep counts as missing depends on what the server had opened before.
    fc.tuple(
      fc.constant('include_if_exists'),
      fc.constantFrom('names.txt', 'sub/more.txt', 'nowhere.txt', 'sub', 'names.txt/a'),
    ),
  )
  .map((words) => words.join(' '));
const ending = fc.oneof(
  { weight: 12, arbitrary: fc.constant('\n') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\\\n', '\r\n', '\\\r\n', '\\\\\n', ' # note\n', '# note \\\n', '\r\r\n', ''),
  },
);

type Lines = (word: fc.Arbitrary<string>, isMain: boolean, maxLength: number) => fc.Arbitrary<string>;

const linesOf =
  (whole: typeof rule): Lines =>
  (word, isMain, maxLength) => {
    const cut = fc.tuple(whole(inner, false), fc.nat(60)).map(([text, at]) => text.slice(0, at));
    const tooLong = fc
      .tuple(whole(inner), fc.constantFrom(254, 255, 256, 10_237, 10_238, 10_239, 10_240, 10_241))
      .map(([text, length]) => `host ${'a'.repeat(length)} ${text}`);
    const line = fc.oneof(
      { weight: 14, arbitrary: whole(word) },
      { weight: 3, arbitrary: cut },
      { weight: isMain ? 2 : 0, arbitrary: include },
      { weight: 1, arbitrary: tooLong },
      { weight: 2, arbitrary: fc.constantFrom('', '# note', ' # host all all all trust', '\\', '#\\', ',', '\t') },
    );
    return fc.array(fc.tuple(line, ending), { maxLength }).map((all) => all.flat().join(''));
  };
const listFile = fc
  .array(fc.tuple(listed(inner), fc.constantFrom(' ', '\n', ',', '\n# x\n')), { maxLength: 4 })
  .map((all) => all.flat().join(''));

const filesOf = (lines: Lines): fc.Arbitrary<AuthFiles> =>
  fc.record({
    'main.conf': lines(outer, true, 6),
    'names.txt': listFile,
    'sub/more.txt': fc.oneof(listFile, lines(inner, false, 3)),
    'sub/one.conf': lines(inner, false, 2),
    'sub/two.conf': lines(inner, false, 2),
    'sub/.hidden.conf': fc.constant('host all all all trust\n'),
    'loop.txt': fc.constantFrom('include loop.txt\n', '@loop.txt\n'),
  });

const map = (word: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: spacedOut([inner, listed(word), listed(word)]) },
    { weight: 2, arbitrary: spacedOut([inner, word, fc.constantFrom('\\1', '"\\1"', '+staff', 'all', '/x', '/(')]) },
    { weight: 1, arbitrary: spacedOut([listed(word), word, word, word]) },
  );

export const hbaFiles: fc.Arbitrary<AuthFiles> = filesOf(linesOf(rule));
export const identFiles: fc.Arbitrary<AuthFiles> = filesOf(linesOf(map));

/** Before 16 a loop has no end, and the server gives up on all of it. */
export const withoutLoops = (drawn: fc.Arbitrary<AuthFiles>): fc.Arbitrary<AuthFiles> =>
  drawn.map((files) => ({ ...files, 'loop.txt': 'a b\n' }));
