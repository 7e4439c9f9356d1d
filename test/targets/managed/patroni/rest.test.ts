/** The way to Patroni's REST API: several endpoints, a login for what writes, TLS in both directions. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, it } from '@jest/globals';
import type { PatroniConfig } from '../../../../domain/config.ts';
import { createPatroniOwner } from '../../../../targets/managed/patroni/owner.ts';
import { patroniRest } from '../../../../targets/managed/patroni/rest.ts';
import { selfSigned } from '../../../support/certificate.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

async function listening(server: Server, scheme: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => new Promise((resolve) => server.close(resolve)));
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = (answer: Answering): Promise<string> => listening(createServer(answer), 'http');

function rest(config: Partial<PatroniConfig>, password: string | null = null): ReturnType<typeof patroniRest> {
  const it = patroniRest({ endpoints: [], username: null, password: null, tls: null, ...config }, password);
  open.push(() => it.close());
  return it;
}

it('asks the next one when one is away, or has lost its DCS, and then stays with the one that answers', async () => {
  const asked: string[] = [];
  const sick = await serve((_, response) => (asked.push('sick'), response.writeHead(503).end()));
  const well = await serve((_, response) => (asked.push('well'), response.end('yes')));
  const it = rest({ endpoints: ['http://127.0.0.1:1', sick, well] });
  for (let time = 0; time < 2; time += 1) expect(await it.anywhere('GET', '/cluster')).toMatchObject({ text: 'yes' });
  expect(asked).toEqual(['sick', 'well', 'well']);
});

it('says of each endpoint why there is no answer', async () => {
  const sick = await serve((_, response) => response.writeHead(502).end());
  await expect(rest({ endpoints: ['http://127.0.0.1:1', sick] }).anywhere('GET', '/config')).rejects.toMatchObject({
    failure: 'TargetUnreachable',
    problems: [{ code: 'owner-unreachable', detail: expect.stringMatching(/ECONNREFUSED.*status 502/) }],
  });
});

it('sends its login with what may write, and with nothing else', async () => {
  const seen: (string | undefined)[] = [];
  const at = await serve((request, response) => (seen.push(request.headers.authorization), response.end('{}')));
  const it = rest({ endpoints: [at], username: 'kim' }, 'of the API');
  await it.anywhere('GET', '/cluster');
  await it.anywhere('PATCH', '/config', { knowngood: null });
  await it.at(at, 'POST', '/restart', 1_000, {});
  const login = `Basic ${Buffer.from('kim:of the API').toString('base64')}`;
  expect(seen).toEqual([undefined, login, login]);
});

it('says so when Patroni refuses the login, without it', async () => {
  const at = await serve((_, response) => response.writeHead(401).end('no auth header received'));
  const owner = createPatroniOwner({ endpoints: [at], username: 'kim', password: null, tls: null }, 'of the API');
  open.push(() => owner.close());
  const refused = await owner.read().catch((error: unknown) => error);
  expect(refused).toMatchObject({ failure: 'InsufficientPrivilege', problems: [{ code: 'owner-refused' }] });
  expect(JSON.stringify(refused)).not.toContain('of the API');
  expect(await owner.wayBack()).toMatchObject({ open: false });
});

it('checks the certificate of an endpoint, and shows its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'knowngood-rest-'));
  open.push(() => rm(folder, { recursive: true }));
  const [theirs, ours] = [selfSigned('patroni'), selfSigned('agent')];
  for (const [name, text] of Object.entries({ ca: theirs.certificate, cert: ours.certificate, key: ours.key }))
    await writeFile(join(folder, name), text);
  const options = { cert: theirs.certificate, key: theirs.key, ca: ours.certificate, requestCert: true };
  const at = await listening(
    createTlsServer({ ...options, rejectUnauthorized: true }, (request, response) =>
      response.end(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN)),
    ),
    'https',
  );
  const path = (name: string): string => join(folder, name);
  const tls = { ca: path('ca'), cert: path('cert'), key: path('key'), serverName: 'patroni' };
  expect(await rest({ endpoints: [at], tls }).anywhere('GET', '/')).toMatchObject({ text: 'agent' });
  await expect(rest({ endpoints: [at], tls: { ...tls, ca: null } }).anywhere('GET', '/')).rejects.toThrow(
    /certificate/,
  );
  // One that is missing now may be there at the next try.
  await rm(path('ca'));
  const it = rest({ endpoints: [at], tls });
  await expect(it.anywhere('GET', '/')).rejects.toThrow(/ENOENT/);
  await writeFile(path('ca'), theirs.certificate);
  expect(await it.anywhere('GET', '/')).toMatchObject({ status: 200 });
});
