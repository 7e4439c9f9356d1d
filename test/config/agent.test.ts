/** agent.yaml, secrets and change.yaml. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAgentConfig } from '../../config/agent.ts';
import { loadChangeFile } from '../../config/change-file.ts';
import { loadKnowngoodConfig } from '../../config/load.ts';
import { resolveSecret } from '../../config/secrets.ts';
import { temporalConnection } from '../../config/temporal.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knowngood-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('agent.yaml', () => {
  it('is filled in with defaults', () => {
    const text =
      'target: shop-db\nconnection: postgresql://u@/postgres?host=/run/pg\ncommands: { up: { run: [apt, upgrade] } }';
    expect(parseAgentConfig(text, 'agent.yaml', {})).toEqual({
      kind: 'ok',
      value: {
        path: 'agent.yaml',
        target: 'shop-db',
        database: { connection: 'postgresql://u@/postgres?host=/run/pg', password: null },
        stateDir: '/var/lib/knowngood/shop-db',
        keyFile: '/var/lib/knowngood/shop-db/key',
        restart: null,
        commands: Object.assign(Object.create(null), {
          up: { run: ['apt', 'upgrade'], timeoutMs: 1_800_000, restarts: false },
        }),
        allow: { settings: [], paths: [], sql: false },
        rehearsal: { enabled: true, timeoutMs: 60_000, folder: null },
        neverReopen: { roles: [], from: [], passwordless: true, declared: false, keys: [] },
        standbys: [],
        observe: { intervalMs: 5_000, serverLog: true },
        store: null,
        temporal: { address: '127.0.0.1:7233', namespace: 'default', tls: null, apiKey: null },
        metrics: { listen: null, sdk: null },
      },
    });
  });

  it('names an RDS instance, and no login for it', () => {
    const parsed = (text: string): unknown => {
      const answer = parseAgentConfig(`target: a\nconnection: postgresql://u@/d\nrds: ${text}`, 'agent.yaml', {});
      return answer.kind === 'ok' ? answer.value.rds : answer.problems[0]?.message;
    };
    const rds = { instance: 'shop', region: 'eu-central-1', endpoint: null, sharedWith: [] };
    expect(parsed('{ instance: shop, region: eu-central-1 }')).toEqual(rds);
    const endpoint = 'http://127.0.0.1:5000';
    expect(
      parsed(`{ instance: shop, region: us-gov-west-1, endpoint: '${endpoint}/', sharedWith: [reports] }`),
    ).toEqual({ ...rds, region: 'us-gov-west-1', endpoint, sharedWith: ['reports'] });
    expect(parsed('{ instance: shop, region: Frankfurt }')).toBe('agent.yaml:3:32: rds.region: is no AWS region');
    expect(parsed('{ instance: shop, region: eu-central-1, password: x }')).toContain('rds: unknown key "password"');
    expect(
      parsed('{ instance: shop, region: eu-central-1 }\npatroni: { endpoints: [http://10.0.0.5:8008] }'),
    ).toContain('a target has one owner');
  });

  it('says how who connects is noted, or that it is not', () => {
    const observed = (text: string): unknown => {
      const parsed = parseAgentConfig(`target: a\nconnection: postgresql://u@h/d\nobserve: ${text}`, 'agent.yaml', {});
      return parsed.kind === 'ok' ? parsed.value.observe : parsed.problems[0]?.message;
    };
    expect(observed('false')).toBeNull();
    expect(observed('true')).toEqual({ intervalMs: 5_000, serverLog: true });
    expect(observed('{ interval: 1m }')).toEqual({ intervalMs: 60_000, serverLog: true });
    expect(observed('{ serverLog: false }')).toEqual({ intervalMs: 5_000, serverLog: false });
    expect(observed('{ interval: 500ms }')).toBe('agent.yaml:3:22: observe.interval: is shorter than 1s');
  });

  it('names the REST API of a Patroni cluster', () => {
    const parsed = (text: string): unknown => {
      const answer = parseAgentConfig(`target: a\nconnection: postgresql://u@/d\npatroni: ${text}`, 'agent.yaml', {});
      return answer.kind === 'ok' ? answer.value.patroni : answer.problems[0]?.message;
    };
    expect(parsed("{ endpoints: ['https://10.0.0.5:8008/', 'http://node2:8008'] }")).toEqual({
      endpoints: ['https://10.0.0.5:8008', 'http://node2:8008'],
      username: null,
      password: null,
      tls: null,
    });
    expect(
      parsed("{ endpoints: ['https://a:8008'], username: kim, password: '${env:API}', tls: { ca: /ca.pem } }"),
    ).toEqual({
      endpoints: ['https://a:8008'],
      username: 'kim',
      password: '${env:API}',
      tls: { ca: '/ca.pem', cert: null, key: null, serverName: null },
    });
    expect(parsed('{ endpoints: [] }')).toContain('is empty');
    expect(parsed("{ endpoints: ['http://a:8008/config'] }")).toContain('has a path');
    expect(parsed("{ endpoints: ['http://a:8008'], username: kim }")).toContain('"username" and "password" together');
    expect(parsed("{ endpoints: ['http://a:8008'], username: kim, password: secret }")).toContain('literal secret');
  });

  it('takes no shell line for a command', () => {
    const parsed = parseAgentConfig(
      'target: a\nconnection: postgresql://u@h/d\nrestart: systemctl restart postgresql',
      'agent.yaml',
    );
    expect(parsed).toMatchObject({
      kind: 'invalid',
      problems: [{ message: 'agent.yaml:3:10: restart: expected a list of words' }],
    });
  });
});

describe('secrets', () => {
  it('come from the environment and from files, within text too', async () => {
    await writeFile(join(folder, 'secret'), 'from file\n');
    expect(await resolveSecret('Bearer ${env:TOKEN}', { TOKEN: 'abc' })).toBe('Bearer abc');
    expect(await resolveSecret(`\${file:${join(folder, 'secret')}}`, {})).toBe('from file');
    expect(await resolveSecret('plain', {})).toBe('plain');
  });

  it('are not looked for in what a secret says', async () => {
    expect(await resolveSecret('${env:A}', { A: '${env:B}', B: 'x' })).toBe('${env:B}');
  });

  it('that are missing are named by their reference', async () => {
    await expect(resolveSecret('${env:NOPE}', {})).rejects.toThrow('environment variable NOPE is not set');
    await expect(resolveSecret('${file:/nope/x}', {})).rejects.toThrow('could not read secret file "/nope/x": ENOENT');
  });
});

describe('change.yaml', () => {
  const write = async (text: string): Promise<string> => {
    const path = join(folder, 'change.yaml');
    await writeFile(path, text);
    return path;
  };

  it('becomes a request with the files it names, read relative to it', async () => {
    await writeFile(join(folder, 'memory.conf'), 'work_mem = 8MB\n');
    const path = await write(
      'target: shop-db\nreason: more\nchange:\n  settings: { max_connections: 400, statement_timeout: null }\n  files: { conf.d/memory.conf: ./memory.conf }\nrestart: allowed\n',
    );
    expect(await loadChangeFile(path, { changeId: 'c-1', requestedBy: 'kim@ops' })).toEqual({
      target: 'shop-db',
      changeId: 'c-1',
      reason: 'more',
      requestedBy: 'kim@ops',
      change: {
        kind: 'config',
        settings: { max_connections: 400, statement_timeout: null },
        files: { 'conf.d/memory.conf': 'work_mem = 8MB\n' },
        restart: 'allowed',
      },
    });
  });

  it('that names a missing file is refused before anything is sent', async () => {
    const path = await write('target: a\nchange: { files: { x.conf: nope.conf } }');
    await expect(loadChangeFile(path, { changeId: 'c-1' })).rejects.toThrow(
      /change\.files\.x\.conf: file ".*nope\.conf" does not exist/,
    );
  });

  it('that sends a secret is refused', async () => {
    const path = await write('target: a\nchange: { settings: { ssl_passphrase_command: cat /x } }');
    await expect(loadChangeFile(path, { changeId: 'c-1' })).rejects.toThrow('holds a secret');
  });
});

describe('finding things', () => {
  it('names the file that is not there', async () => {
    await expect(loadKnowngoodConfig('/nope/k.yaml')).rejects.toThrow('file "/nope/k.yaml" does not exist');
  });

  const section = { address: 'a:1', namespace: 'ns', tls: null, apiKey: '${env:KEY}' };

  it('prefers the standard Temporal variables, and sends them none of our keys', async () => {
    const env = { TEMPORAL_ADDRESS: 'b:2', KEY: 'k', TEMPORAL_CONFIG_FILE: '/nope' };
    expect(await temporalConnection(section, env)).toEqual({ namespace: 'ns', options: { address: 'b:2' } });
  });

  it('falls back to the temporal section', async () => {
    expect(await temporalConnection(section, { KEY: 'k', TEMPORAL_CONFIG_FILE: '/nope' })).toEqual({
      namespace: 'ns',
      options: { address: 'a:1', apiKey: 'k' },
    });
    expect(await temporalConnection({ ...section, apiKey: null }, null)).toEqual({
      namespace: 'ns',
      options: { address: 'a:1' },
    });
  });
});
