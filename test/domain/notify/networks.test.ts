/** Which addresses messages may go to. */
import { describe, expect, it } from '@jest/globals';
import { isAllowed, networkOrHost } from '../../../domain/notify/networks.ts';

describe('without a word in knowngood.yaml', () => {
  for (const address of [
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'not an address',
  ]) {
    it(`refuses ${address}`, () => expect(isAllowed(address, address, [])).toBe(false));
  }
  for (const address of ['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946', '::ffff:93.184.216.34'])
    it(`takes ${address}`, () => expect(isAllowed(address, address, [])).toBe(true));
});

describe('with allowPrivate', () => {
  const allow = ['10.2.0.0/16', '127.0.0.1', 'Mail.internal.'].map((text) => networkOrHost(text)!);
  for (const [address, host, want] of [
    ['10.2.3.4', '10.2.3.4', true],
    ['::ffff:10.2.3.4', 'x.example', true],
    ['10.3.0.1', '10.3.0.1', false],
    ['127.0.0.2', '127.0.0.2', false],
    ['192.168.0.9', 'mail.internal', true],
    ['192.168.0.9', 'evil.mail.internal', false],
  ] as const)
    it(`${want ? 'takes' : 'refuses'} ${address} as ${host}`, () => expect(isAllowed(address, host, allow)).toBe(want));

  for (const text of ['2130706433', '0177.0.0.1', '127.1', '10.0.0.0/33', 'a b', 'http://x', '-x.example', ''])
    it(`knows no address, network or host "${text}"`, () => expect(networkOrHost(text)).toBe(null));
});
