/** `knowngood key payloads` and `knowngood codec-server`: a key is made once, and only whoever may is served. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newPayloadKey } from '../../codec/keys.ts';
import { selfSigned } from '../support/certificate.ts';
import { command, startCommand, startProcess } from '../support/cli.ts';
import { eventually } from '../support/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'knowngood-codec-'));
const keyFile = join(folder, 'payload.key');
const config = join(folder, 'knowngood.yaml');
const plain = join(folder, 'plain.yaml');
const targets = 'targets: { shop-db: { connection: postgresql://postgres@127.0.0.1/postgres } }\n';

beforeAll(() => {
  writeFileSync(plain, targets);
  const encryption = `{ keys: ['\${file:${keyFile}}'] }`;
  writeFileSync(
    config,
    `${targets}ui: { address: 'https://temporal.example/ui' }\ntemporal: { encryption: ${encryption} }\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a key is made in a file of its user alone, and never replaced', async () => {
  const made = await command('key', 'payloads', keyFile, '--json');
  expect(made).toMatchObject({ code: 0, err: '' });
  const text = readFileSync(keyFile, 'utf8');
  expect(text).toMatch(/^[0-9a-f]{64}\n$/);
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  expect(made.json()).toMatchObject({ file: keyFile, keyId: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(made.out).not.toContain(text.trim());
  expect(await command('key', 'payloads', keyFile)).toMatchObject({
    code: 1,
    err: expect.stringContaining('exists already'),
  });
  expect(readFileSync(keyFile, 'utf8')).toBe(text);
});

it.each([
  ['without a key', ['--config', plain], 'names no key that payloads are encrypted with'],
  ['to everybody', ['--listen', '0.0.0.0:0'], 'could read everything'],
  ['to no page', ['--origin', 'javascript:alert(1)'], 'Write an address'],
  ['with a token in clear', ['--token', 'secret'], 'Write a reference'],
  ['with half a pair', ['--tls-cert', plain], 'without the other half'],
  ['with a certificate that is none', ['--tls-cert', plain, '--tls-key', plain], 'does not hold a certificate in PEM'],
])('nothing is served %s', async (_, options, why) => {
  const run = await command('codec-server', ...(options.includes('--config') ? [] : ['--config', config]), ...options);
  expect(run.code).toBe(1);
  expect(run.err).toContain(why);
});

it('a key that is none is an error, and is not shown', async () => {
  const bad = join(folder, 'bad.yaml');
  writeFileSync(bad, `${targets}temporal: { encryption: { keys: ['\${env:NO_KEY}'] } }\n`);
  const run = await startCommand(['codec-server', '--config', bad], { NO_KEY: 'another-secret' }).done;
  expect(run).toMatchObject({ code: 1, err: expect.stringContaining('"${env:NO_KEY}" does not hold a key') });
  expect(run.err).not.toContain('another-secret');
  const variable = { KNOWNGOOD_PAYLOAD_KEYS: `${newPayloadKey()},another-secret` };
  const named = await startCommand(['codec-server', '--config', plain], variable).done;
  expect(named).toMatchObject({ code: 1, err: expect.stringContaining('KNOWNGOOD_PAYLOAD_KEYS: key 2 of 2 is none') });
  expect(named.err).not.toContain('another-secret');
});

it('the Web UI that the configuration names is served until the process is told to end', async () => {
  const served = startProcess(['codec-server', '--config', config, '--listen', '127.0.0.1:0']);
  await eventually('it is served', async () => served.out().includes('codec server:'), 20_000);
  const [, address] = /codec server: (\S+), for pages of https:\/\/temporal\.example\n/.exec(served.out()) ?? [];
  const answer = await fetch(`${address}/encode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ payloads: [{ data: Buffer.from('"planted"').toString('base64') }] }),
  });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain(Buffer.from('binary/aes-256-gcm').toString('base64'));
  served.signal('SIGTERM');
  expect(await served.done).toMatchObject({ code: 0 });
});

/** Of the certificate that is shown there. */
const shownAt = (address: URL): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: address.hostname, port: Number(address.port), rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });

it('HTTPS is served with a certificate, and with the one that replaces it; one that cannot be taken changes nothing', async () => {
  const [crt, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const put = (name: string): void => {
    const made = selfSigned(name);
    writeFileSync(crt, made.certificate);
    writeFileSync(key, made.key);
  };
  put('old.example');
  const pair = ['--tls-cert', crt, '--tls-key', key];
  const served = startProcess(['codec-server', '--config', config, '--listen', '127.0.0.1:0', '--json', ...pair]);
  await eventually('it is served', async () => served.out().includes('"address"'), 20_000);
  const address = new URL((JSON.parse(served.out()) as { address: string }).address);
  expect([address.protocol, await shownAt(address)]).toEqual(['https:', 'old.example']);
  writeFileSync(crt, 'half written');
  await eventually('it is said', async () => served.err().includes('that was read before stays in use: --tls-cert'));
  expect(await shownAt(address)).toBe('old.example');
  put('new.example');
  await eventually('it is taken', async () => (await shownAt(address)) === 'new.example');
  served.signal('SIGTERM');
  expect(await served.done).toMatchObject({ code: 0 });
});

it('serving needs nothing of the way to Temporal', async () => {
  const away = join(folder, 'away.yaml');
  const temporal = `{ apiKey: '\${file:/no/such/key}', tls: { ca: /no/such/ca }, encryption: { keys: ['\${file:${keyFile}}'] } }`;
  writeFileSync(away, `${targets}temporal: ${temporal}\n`);
  const run = await command('codec-server', '--config', away);
  expect(run).toMatchObject({ code: 1, err: expect.stringContaining('no Web UI is named') });
});
