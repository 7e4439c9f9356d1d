/** Lines of the server's log, and lines that only look like them. */
import { describe, expect, it } from '@jest/globals';
import { csvReader, jsonReader, stderrReader } from '../../../domain/access/log-lines.ts';

const at = '2026-03-01 12:00:00.123 UTC';
const tls = 'SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)';
const usual = '%m [%p] ';

function read(prefix: string, ...lines: readonly string[]): readonly object[] | null {
  return stderrReader(prefix)?.read(lines) ?? null;
}

const app = { user: 'app', database: 'shop', address: '10.2.0.4', tls: false, replication: false, applicationName: '' };
const received = `${at} [7] LOG:  connection received: host=10.2.0.4 port=5000`;

describe('a stderr log', () => {
  for (const [name, prefix, lines, want] of [
    [
      'tells of a connection in two lines',
      usual,
      [received, `${at} [7] LOG:  connection authorized: user=app database=shop`],
      app,
    ],
    [
      'tells the application and TLS',
      usual,
      [received, `${at} [7] LOG:  connection authorized: user=app database=shop application_name=a b ${tls}`],
      { ...app, applicationName: 'a b', tls: true },
    ],
    [
      'tells of Kerberos too',
      usual,
      [
        received,
        `${at} [7] LOG:  connection authorized: user=app database=shop GSS (authenticated=yes, encrypted=no, principal=x)`,
      ],
      app,
    ],
    [
      'tells of replication, without a database',
      usual,
      [received, `${at} [7] LOG:  replication connection authorized: user=app application_name=standby`],
      { ...app, database: null, replication: true, applicationName: 'standby' },
    ],
    [
      'tells of sockets',
      usual,
      [
        `${at} [7] LOG:  connection received: host=[local]`,
        `${at} [7] LOG:  connection authorized: user=app database=shop`,
      ],
      { ...app, address: null },
    ],
    [
      'tells of IPv6',
      usual,
      [
        `${at} [7] LOG:  connection received: host=fd00::1 port=1`,
        `${at} [7] LOG:  connection authorized: user=app database=shop`,
      ],
      { ...app, address: 'fd00::1' },
    ],
    [
      "is read with Debian's prefix",
      '%m [%p] %q%u@%d ',
      [
        `${at} [7] [unknown]@[unknown] LOG:  connection received: host=10.2.0.4 port=5000`,
        `${at} [7] app@shop LOG:  connection authorized: user=app database=shop`,
      ],
      app,
    ],
    [
      'is read with the host in the prefix and no line that it was received',
      '%t:%r:%u@%d:[%p]: ',
      ['2026-03-01 12:00:00 UTC:10.2.0.4(5000):app@shop:[7]: LOG:  connection authorized: user=app database=shop'],
      app,
    ],
    [
      'is read with padding and everything else that a prefix may hold',
      '%-10p|%e|%c|%l|%s|%v|%x|%b|%i|%Q|%n|%P|%a|%h|100%% ',
      [
        `7         |00000|69a4.1f|3|2026-03-01 12:00:00 UTC|3/1|0|client backend|authentication|0|1772366400.123||[unknown]|10.2.0.4|100% LOG:  connection authorized: user=app database=shop`,
      ],
      app,
    ],
  ] as const) {
    it(name, () => expect(read(prefix, ...lines)).toEqual([{ pid: 7, ...want }]));
  }

  for (const [name, prefix, lines] of [
    ['nobody knows from where', usual, [`${at} [7] LOG:  connection authorized: user=app database=shop`]],
    [
      'another process was received',
      usual,
      [received, `${at} [8] LOG:  connection authorized: user=app database=shop`],
    ],
    [
      'the host is a name',
      usual,
      [received.replace('10.2.0.4', 'app.example'), `${at} [7] LOG:  connection authorized: user=app database=shop`],
    ],
    [
      'it is a statement over several lines',
      usual,
      [received, `\t${at} [7] LOG:  connection authorized: user=app database=shop`],
    ],
    [
      'it is the text of another message',
      usual,
      [received, `${at} [7] ERROR:  LOG:  connection authorized: user=app database=shop`],
    ],
    [
      'names could be read in two ways',
      usual,
      [received, `${at} [7] LOG:  connection authorized: user=a database=b database=shop`],
    ],
    [
      'a name is longer than any',
      usual,
      [received, `${at} [7] LOG:  connection authorized: user=${'a'.repeat(64)} database=shop`],
    ],
    [
      'somebody calls himself like the rest of the line',
      '%m [%p] %u ',
      [
        `${at} [7] [unknown] LOG:  connection received: host=10.2.0.4 port=5000`,
        `${at} [7] x LOG:  connection authorized: user=root database=shop FATAL:  no pg_hba.conf entry for host "10.2.0.4", user "x"`,
      ],
    ],
    [
      'its prefix names another database',
      '%h [%p] %u@%d ',
      ['10.2.0.4 [7] app@other LOG:  connection authorized: user=app database=shop'],
    ],
    [
      'the line is very long',
      usual,
      [
        received,
        `${at} [7] LOG:  connection authorized: user=app database=shop application_name=${'x database='.repeat(1_000)}`,
      ],
    ],
  ] as const) {
    it(`is passed over where ${name}`, () => expect(read(prefix, ...lines)).toEqual([]));
  }

  it('takes names as long as names can be, in bytes', () => {
    for (const [user, fits] of [
      ['a'.repeat(63), true],
      ['a'.repeat(64), false],
      [`a${'é'.repeat(31)}`, true],
      ['é'.repeat(32), false],
      ['漢'.repeat(21), true],
      [`a${'漢'.repeat(21)}`, false],
      [`abc${'🐘'.repeat(15)}`, true],
      ['🐘'.repeat(16), false],
      ['', false],
    ] as const) {
      const found = read(usual, received, `${at} [7] LOG:  connection authorized: user=${user} database=shop`);
      expect(found?.length === 1).toBe(fits);
    }
  });

  it('cannot be read without the process in its prefix', () => {
    expect(read('%m ', received)).toBeNull();
    expect(read('', received)).toBeNull();
    expect(read('%%p ', received)).toBeNull();
  });

  it('is refused fast, whatever a line holds', () => {
    const hostile = `${at} [7] ${'x@y '.repeat(20)}LOG:  connection authorized: ${'user=a database=b application_name=c SSL enabled ('.repeat(2_000)}`;
    const beganAt = performance.now();
    read('%m [%p] %q%u@%d %a ', ...Array.from({ length: 100 }, () => hostile));
    expect(performance.now() - beganAt).toBeLessThan(1_000);
  });
});

describe('a log with columns', () => {
  const csv = (user: string, tag: string, message: string): string =>
    `2026-03-01 12:00:00.123 UTC,"${user}","shop",7,"10.2.0.4:5000",69a4.7,2,"${tag}",2026-03-01 12:00:00 UTC,3/1,0,LOG,00000,"${message}",,,,,,,,,"","client backend",,0`;
  const message = 'connection authorized: user=app database=shop application_name=x';

  it('is read with its columns as the truth', () => {
    expect(csvReader().read([csv('od""d', 'authentication', message)])).toEqual([
      { ...app, pid: 7, user: 'od"d', applicationName: 'x' },
    ]);
  });

  it('is passed over where somebody only says the words', () => {
    expect(csvReader().read([csv('app', 'DO', message), message, `"${message}"`, ''])).toEqual([]);
    const json = { pid: 7, user: 'app', dbname: 'shop', remote_host: '10.2.0.4', error_severity: 'LOG', message };
    const line = (bend: object): string => JSON.stringify({ ...json, ps: 'authentication', ...bend });
    expect(jsonReader().read([line({})])).toEqual([{ ...app, pid: 7, applicationName: 'x' }]);
    const wrong = [line({ ps: 'DO' }), line({ error_severity: 'ERROR' }), line({ message: 7 }), line({ pid: '7' })];
    expect(jsonReader().read([...wrong, message, `{"${message}`, '7', ''])).toEqual([]);
  });
});
