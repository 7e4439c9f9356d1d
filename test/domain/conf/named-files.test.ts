/** Which files settings name, and where relative paths lead. */
import { describe, expect, it } from '@jest/globals';
import { namedFiles } from '../../../domain/conf/named-files.ts';

const none = { running: {}, commandLine: {} };
const named = (lines: Record<string, string>, running = none): ReturnType<typeof namedFiles> =>
  namedFiles(new Map(Object.entries(lines)), running, '/data');

describe('files that settings name', () => {
  it('are the built-in ones in the data directory when nothing is said, with TLS off', () => {
    const { tls, files } = named({});
    expect(tls).toMatchObject({ on: false, certFile: '/data/server.crt', keyFile: '/data/server.key', caFile: null });
    expect([...files]).toEqual([
      ['/data/server.crt', 'tls'],
      ['/data/server.key', 'secret'],
    ]);
  });

  it.each([
    ['on', true],
    ['TRUE', true],
    ['y', true],
    ['1', true],
    ['off', false],
    ['0', false],
    ['o', false],
    ['', false],
  ])('take ssl = %s for %s', (text, on) => expect(named({ ssl: text }).tls.on).toBe(on));

  it('lead from the data directory, with any dots resolved', () => {
    expect(named({ ssl_ca_file: '../ssl/./ca.pem' }).tls.caFile).toBe('/ssl/ca.pem');
    expect(named({ ssl_crl_dir: 'crl/' }).folders).toEqual(['/data/crl']);
  });

  it('take a keytab only by name, and without its type', () => {
    expect(named({ krb_server_keyfile: 'FILE:/etc/pg.keytab' }).files.get('/etc/pg.keytab')).toBe('secret');
    expect([...named({ krb_server_keyfile: 'MEMORY:x' }).files.keys()]).toEqual([
      '/data/server.crt',
      '/data/server.key',
    ]);
  });

  it('are a secret when certificate and key are one file', () => {
    expect(named({ ssl_cert_file: 'both.pem', ssl_key_file: 'both.pem' }).files.get('/data/both.pem')).toBe('secret');
  });

  it('are both what runs and what the files say, and the command line outranks the files', () => {
    const running = { running: { ssl_cert_file: '/old.pem' }, commandLine: { ssl: 'on' } };
    const { tls, files } = named({ ssl_cert_file: '/new.pem', ssl: 'off' }, running);
    expect(tls).toMatchObject({ on: true, certFile: '/new.pem' });
    expect([...files.keys()]).toEqual(['/new.pem', '/old.pem', '/data/server.key']);
  });
});
