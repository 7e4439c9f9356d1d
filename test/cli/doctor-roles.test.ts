/** `doctor --sql` where somebody else owns the configuration: what is refused before anybody is asked. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { namesHost } from '../../config/connection.ts';
import { type Run, command } from '../support/cli.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'knowngood-doctor-roles-'));
  writeFileSync(
    join(folder, 'knowngood.yaml'),
    "targets: { shop-db: { connection: 'postgresql://db/postgres?sslmode=disable' } }\n",
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function doctorOf(owner: string, ...args: readonly string[]): Promise<Run> {
  const path = join(folder, 'agent.yaml');
  writeFileSync(path, `target: shop-db\nconnection: postgresql://knowngood@/postgres?sslmode=disable\n${owner}\n`);
  return command('doctor', '--sql', ...args, '--config', join(folder, 'knowngood.yaml'), '--agent-config', path);
}

it.each(['', '--drop'])('prints nothing for an RDS instance, and says why: %j', async (option) => {
  const run = await doctorOf('rds: { instance: shop, region: eu-central-1 }', ...(option === '' ? [] : [option]));
  expect(run).toMatchObject({ code: 1, out: '' });
  expect(run.err).toMatch(/no roles are printed for target shop-db: it is an RDS instance[^]*DETAIL[^]*HINT.*rds\.md/);
});

it('limits no settings of a Patroni cluster, for none is granted', async () => {
  const run = await doctorOf("patroni: { endpoints: ['http://127.0.0.1:1'] }", '--setting', 'work_mem');
  expect(run).toMatchObject({ code: 1, out: '' });
  expect(run.err).toMatch(/--setting limits nothing for target shop-db: it is a Patroni cluster/);
});

it('prints nothing for a Patroni cluster that nobody could ask', async () => {
  const run = await doctorOf("patroni: { endpoints: ['http://127.0.0.1:1'] }");
  expect(run).toMatchObject({ code: 1, out: '' });
  expect(run.err).toMatch(/Patroni answers at none of its endpoints/);
});

it.each([
  ['postgresql://postgres@/postgres', false],
  ['postgresql:///postgres?sslmode=disable', false],
  ['postgresql://postgres@db:5433/postgres', true],
  ['postgresql://postgres@[::1]/postgres', true],
  ['postgresql://postgres@/postgres?host=/run/postgresql', true],
])('knows that %s says where: %j', (connection, says) => expect(namesHost(connection)).toBe(says));
