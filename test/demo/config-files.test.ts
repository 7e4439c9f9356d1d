/** The demo's configuration files are read by the same strict code as a user's. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAgentConfig, loadKnowngoodConfig } from '../../config/load.ts';
import { resolveSecret } from '../../config/secrets.ts';
import { writeDemoFiles, type DemoFiles, type DemoPlaces } from '../../demo/config-files.ts';

const passwords = { postgres: 'pw-1', store: 'pw-2', app_svc: 'pw-3', image_svc: 'pw-4' };
const places: DemoPlaces = {
  temporal: { address: '127.0.0.1:7233', namespace: 'default' },
  uiAddress: 'http://127.0.0.1:8233',
  store: 'postgresql://knowngood@127.0.0.1:5433/knowngood',
  database: { port: 5432, dataDir: '/data', restart: ['pg_ctl', 'restart'] },
  services: { app: 'http://127.0.0.1:1', images: 'http://127.0.0.1:2', cdn: 'http://127.0.0.1:3' },
  passwords,
  variant: 'outage',
  rehearsal: true,
  people: 'http://127.0.0.1:4',
};

let folder: string;
let files: DemoFiles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knowngood-demo-'));
  files = await writeDemoFiles(folder, places);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the configuration files of the demo', () => {
  it('are valid, and check the image service from its own address by its own role', async () => {
    const config = await loadKnowngoodConfig(files.knowngood);
    const checks = config.dependents.flatMap((dependent) => dependent.checks);
    expect(checks.map(({ name, level }) => [name, level])).toEqual([
      ['image-service/login', 'required'],
      ['image-service/images', 'required'],
      ['app-server/login', 'required'],
      ['app-server/pages', 'required'],
      ['cdn/favourite', 'advisory'],
    ]);
    const login = checks[0];
    expect(login).toMatchObject({ kind: 'sql', user: 'image_svc', sourceAddress: '127.0.2.20', intervalMs: 500 });
    expect(await resolveSecret((login?.kind === 'sql' && login.password) || '')).toBe('pw-4');
    expect(config.targets['shop-db']?.policy).toMatchObject({ soakMs: 8000, settleRestartMs: 3000 });
  });

  it('give the agent the upgrade by name', async () => {
    const agent = await loadAgentConfig(files.agent);
    expect(agent.commands['upgrade']?.run.slice(2)).toEqual(['outage', '/data', 'pg_ctl', 'restart']);
    expect(await resolveSecret(`\${file:${agent.keyFile}}`)).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(agent.keyFile)).mode & 0o777).toBe(0o600);
  });

  it('hold no password', async () => {
    for (const path of [files.knowngood, files.agent, files.change]) {
      const text = await readFile(path, 'utf8');
      for (const password of Object.values(passwords)) expect(text).not.toContain(password);
    }
  });
});
