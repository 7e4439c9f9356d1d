/** Lines of a server's log as evidence: what tells of access and configuration, and nothing that somebody typed. */
import { describe, expect, it } from '@jest/globals';
import { logEvidence, logLine, logText } from '../../../domain/report/server-log.ts';

const window = {
  from: '2026-03-01 10:00:00.000',
  until: '2026-03-01 10:01:00.500',
  fromSeconds: 1_772_359_200,
  untilSeconds: 1_772_359_260.5,
};

const read = (lines: readonly string[], format: 'stderr' | 'csvlog' | 'jsonlog' = 'stderr') =>
  logEvidence(lines, format, window).lines.map(logLine);

const at = '2026-03-01 10:00:09.600 UTC [4711] image_svc@shop ';

describe('a line of the stderr log', () => {
  for (const [what, text, want] of [
    ['of a denial is evidence', 'FATAL:  no pg_hba.conf entry for host "127.0.2.1", user "image_svc"', 'whole'],
    ['of a reload is evidence', 'LOG:  received SIGHUP, reloading configuration files', 'whole'],
    ['of a changed parameter is evidence', 'LOG:  parameter "work_mem" changed to "8MB"', 'whole'],
    ['of a broken file is evidence', 'LOG:  /etc/postgresql/pg_hba.conf was not reloaded', 'whole'],
    [
      'of the rule that matched is evidence',
      'DETAIL:  Connection matched file "/pg_hba.conf" line 3: "host all all"',
      'whole',
    ],
    ['of a statement is none', "STATEMENT:  alter role kim password 'geheim'", null],
    ['of the values of a row is none', 'DETAIL:  Key (iban)=(DE02) already exists.', null],
    ['of a query that was logged is none', "LOG:  duration: 3 ms  statement: select 'geheim'", null],
    ['of a connection is none', 'LOG:  connection authorized: user=a database=b', null],
  ] as const)
    it(what, () => expect(read([`${at}${text}`])).toHaveLength(want === null ? 0 : 1));

  for (const [what, text] of [
    ['a password in a rule', 'DETAIL:  Connection matched file "/h" line 3: "host all all ldap ldapbindpasswd=geheim"'],
    ['a setting that holds a secret', 'LOG:  parameter "primary_conninfo" changed to "host=a user=geheim"'],
    ['a setting that runs a command', 'LOG:  parameter "archive_command" changed to "curl -u a:geheim x"'],
    ['a setting of an extension', 'LOG:  parameter "app.key" changed to "geheim"'],
    ['a value that does not parse', 'ERROR:  invalid value for parameter "work_mem": "geh"eim"'],
  ] as const)
    it(`is shown without ${what}`, () => {
      const lines = read([`${at}${text}`]);
      expect(lines).toHaveLength(1);
      expect(lines.join()).not.toMatch(/geheim|eim/);
    });

  it('within a statement of more lines is none, whatever stands in it', () =>
    expect(read([`${at}STATEMENT:  select`, '\t2026-03-01 10:00:09.600 UTC FATAL:  geheim'])).toEqual([]));

  for (const [time, inside] of [
    ['2026-03-01 09:59:59.999 UTC', false],
    ['2026-03-01 10:00:00.000 UTC', true],
    ['2026-03-01 10:01:00 CET', true],
    ['2026-03-01 10:01:00.501 UTC', false],
    ['1772359209.600', true],
    ['1772359200.000', true],
    ['1772359260.500', true],
    ['1772359260.501', false],
    ['1772359199.999', false],
    ['', false],
  ] as const)
    it(`of ${time || 'no time'} is ${inside ? 'within' : 'out of'} the window`, () =>
      expect(read([`${time} [1] FATAL:  no pg_hba.conf entry`])).toHaveLength(inside ? 1 : 0));
});

it('only counts the errors and warnings that speak of something else', () => {
  const evidence = logEvidence(
    [
      `${at}ERROR:  customer 4711 pays with card 4111111111111111`,
      `${at}WARNING:  token eyJhbGciOi is expired`,
      `${at}FATAL:  x`,
      `${at}PANIC:  x`,
      `${at}LOG:  duration: 3 ms`,
      `${at}DETAIL:  Key (iban)=(DE02) already exists.`,
      `2026-03-01 09:00:00.000 UTC [1] ERROR:  before`,
    ],
    'stderr',
    window,
  );
  expect(evidence).toEqual({ lines: [], more: 0, others: 4, unread: '' });
  expect(logText(evidence)).toBe(
    'It says nothing of access or configuration in that time. Besides, 4 other errors and warnings.',
  );
});

it('says so often instead of saying it again, and how many it leaves out', () => {
  const denied = `${at}FATAL:  no pg_hba.conf entry`;
  expect(read([denied, denied, denied])).toEqual(['2026-03-01 10:00:09.600 UTC FATAL: no pg_hba.conf entry (3 times)']);
  const many = Array.from({ length: 100 }, (_, n) => `${at}FATAL:  role "r${n}" does not exist`);
  const { lines, more } = logEvidence(many, 'stderr', window);
  expect([lines.length, more]).toEqual([40, 60]);
});

for (const [what, evidence, want] of [
  ['that it could not be read', { lines: [], more: 0, unread: 'it is away.' }, /^It could not be read: it is away\.$/],
  ['that it says nothing', { lines: [], more: 0, unread: '' }, /says nothing/],
  [
    'what is shown',
    { lines: [{ time: '', level: 'LOG', text: '', times: 1 }], more: 0, unread: '' },
    /values, in the server's own time\.$/,
  ],
  [
    'that there was one of another kind',
    { lines: [{ time: '', level: 'LOG', text: '', times: 1 }], more: 0, others: 1, unread: '' },
    / Besides, 1 other error or warning\.$/,
  ],
  [
    'that there is more',
    { lines: [{ time: '', level: 'LOG', text: '', times: 1 }], more: 1, unread: '' },
    / 1 further ones are left out\.$/,
  ],
] as const)
  it(`tells ${what}`, () => expect(logText(evidence)).toMatch(want));

it('cuts a line that is long', () => {
  const rule = (length: number): string =>
    `DETAIL:  Connection matched h line 3: "host ${'a'.repeat(60)} ${'b'.repeat(60)} ${'c'.repeat(60)} ${'d'.repeat(length)}"`;
  const whole = logEvidence([at + rule(60)], 'stderr', window).lines[0]?.text ?? '';
  const text = (length: number): string =>
    logEvidence(
      [`${at}${rule(60).replace('matched h', `matched ${'h'.repeat(length - whole.length + 1)}`)}`],
      'stderr',
      window,
    ).lines[0]?.text ?? '';
  expect(text(300)).toMatch(/d"$/);
  expect(text(301)).toMatch(/d…$/);
  expect(text(301)).toHaveLength(300);
});

it('leaves nothing out of as many as it shows', () => {
  const many = Array.from({ length: 40 }, (_, n) => `${at}FATAL:  role "r${n}" does not exist`);
  expect(logEvidence(many, 'stderr', window)).toMatchObject({ more: 0, lines: { length: 40 } });
});

it('stays small, whatever the server says', () => {
  const huge = Array.from(
    { length: 1_000 },
    (_, n) => `${at}FATAL:  role "${n}${'\u{1f600}'.repeat(50_000)}" does not exist`,
  );
  expect(JSON.stringify(logEvidence(huge, 'stderr', window)).length).toBeLessThan(32_768);
});

it('reads a csv log and a json log alike', () => {
  const said = 'no pg_hba.conf entry for host ""10.0.0.7""';
  const csv = `2026-03-01 10:00:09.600 UTC,"image_svc","shop",77,"10.0.0.7:5432",65f.4d,1,"authentication",2026-03-01 10:00:09 UTC,3/9,0,FATAL,28000,"${said}",,,,,,,,,"","client backend",,0`;
  const json = JSON.stringify({
    timestamp: '2026-03-01 10:00:09.600 UTC',
    error_severity: 'FATAL',
    message: said.replaceAll('""', '"'),
    statement: 'select geheim',
  });
  const want = ['2026-03-01 10:00:09.600 UTC FATAL: no pg_hba.conf entry for host "10.0.0.7"'];
  expect(read([csv], 'csvlog')).toEqual(want);
  const odd = [
    'no json',
    'null',
    '7',
    '{"timestamp":1,"error_severity":"FATAL","message":"shutting down"}',
    '{"timestamp":"2026-03-01 10:00:09.600 UTC","message":"shutting down"}',
    '{"timestamp":"2026-03-01 10:00:09.600 UTC","error_severity":"FATAL"}',
  ];
  expect(read([json, ...odd], 'jsonlog')).toEqual(want);
});
