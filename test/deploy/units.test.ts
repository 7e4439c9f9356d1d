/** The units of deploy/systemd under a real systemd: order at boot, watchdog, stop, and a sandbox that the work fits into. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { rescueShow } from '../../agent/rescue.ts';
import { newPayloadKey } from '../../codec/keys.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { startTemporal } from '../../worker/stack/temporal-server.ts';
import { type ArmInput, type Lab, caller, useAgent } from '../support/agent.ts';
import { useCluster } from '../support/cluster.ts';
import { eventually } from '../support/processes.ts';
import { freePort } from '../support/rig.ts';
import { type Boot, boot, canBoot, nodeInside, packageInside } from '../support/systemd.ts';

const exec = promisify(execFile);
const cluster = useCluster();
const agentUnit = 'knowngood-agent@17-main.service';
const workerUnit = 'knowngood-worker.service';
const codecUnit = 'knowngood-codec.service';
const serverUnit = 'postgresql@17-main.service';
/** A lease that is longer than an apply takes, and over before the morning. */
const short = { leaseMs: 2_000 };

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
// Hooks run in this order: the machine is off before the folder that it writes to goes.
const lab = useAgent(cluster);

if (!canBoot) console.warn('test/deploy: no root or no systemd here, so the units are not booted');
const describeBooted = canBoot ? describe : describe.skip;

/** A change is in force, and then the host loses its power. */
async function nightFalls(bend: Partial<ArmInput>): Promise<Lab> {
  const it = await lab();
  const { planHash } = await it.arm({ kind: 'config', settings: { work_mem: '7MB' } }, bend);
  expect(await it.agent.apply({ ...caller, planHash, command: null })).toMatchObject({ kind: 'applied' });
  await it.stop();
  await cluster().stop('immediate');
  ends.push(() => cluster().start());
  await sleep(short.leaseMs);
  return it;
}

const homeOf = (it: Lab): string => dirname(it.config.path);
const seenAtStart = (it: Lab): string => join(homeOf(it), 'at-start');

/** The units as they are shipped, but for where this checkout and its throw-away server are. */
async function morning(it: Lab, wants: readonly string[], settings = ''): Promise<Boot> {
  const { dataDir, bin, port, systemUser } = cluster();
  const home = homeOf(it);
  const { target, stateDir, keyFile, database } = it.config;
  const onCommandLine = `-p ${port} -k ${home}`;
  const restart = [`${bin}/pg_ctl`, 'restart', '-D', dataDir, '-w', '-l', `${home}/server.log`, '-o', onCommandLine];
  const temporal = { address: '127.0.0.1:1' };
  writeFileSync(it.config.path, JSON.stringify({ target, ...database, stateDir, keyFile, restart, temporal }));
  await exec('chown', ['-R', `${systemUser?.uid}:${systemUser?.gid}`, home]);
  return started({
    wants,
    files: {
      [`${agentUnit}.d/here.conf`]: `[Unit]
RequiresMountsFor=
${serviceHere(`agent --agent-config ${it.config.path}`)}
ReadWritePaths=${home} ${dataDir}
${settings}`,
      // What the server reads at its start is kept beside it.
      [serverUnit]: `[Service]
User=${systemUser?.name}
ExecStartPre=/bin/cp ${dataDir}/postgresql.auto.conf ${seenAtStart(it)}
ExecStart=${bin}/postgres -D ${dataDir} ${onCommandLine}
`,
    },
  });
}

async function started(units: Parameters<typeof boot>[0]): Promise<Boot> {
  const machine = await boot(units);
  ends.push(machine.powerOff);
  return machine;
}

function serviceHere(command: string): string {
  return `[Service]
User=${cluster().systemUser?.name}
Group=
ExecStart=
ExecStart=${nodeInside} ${packageInside}/dist/cli/main.js ${command}
PrivateTmp=no
ProtectHome=no`;
}

async function readAtStart(it: Lab): Promise<string> {
  await eventually('the server starts', () => Promise.resolve(existsSync(seenAtStart(it))), 40_000);
  return readFileSync(seenAtStart(it), 'utf8');
}

async function closes(it: Lab): Promise<void> {
  await eventually('closed', () => Promise.resolve(rescueShow(it.config).kind === 'none'), 30_000);
  expect(rescueShow(it.config)).toMatchObject({ last: { phase: 'reverted', reason: 'contact-lost' } });
}

async function is(machine: Boot, unit: string, property: string, value: string | RegExp): Promise<void> {
  const matches = async (): Promise<boolean> => {
    const seen = await machine.property(unit, property);
    return typeof value === 'string' ? seen === value : value.test(seen);
  };
  await eventually(`${unit}: ${property}=${value}`, matches, 40_000);
}

describeBooted('after a power cut', () => {
  it('an overdue change is taken back before the server reads its configuration', async () => {
    const it = await nightFalls(short);
    const machine = await morning(it, [agentUnit, serverUnit]);
    expect(await readAtStart(it)).not.toContain('work_mem');
    await closes(it);
    await is(machine, agentUnit, 'ActiveState', 'active');
    expect(await machine.property(agentUnit, 'NRestarts')).toBe('0');
  });

  it('a change whose lease runs keeps nobody waiting', async () => {
    const it = await nightFalls({ leaseMs: 600_000 });
    await morning(it, [agentUnit, serverUnit]);
    expect(await readAtStart(it)).toContain('work_mem');
    expect(rescueShow(it.config)).toMatchObject({ kind: 'open' });
  });

  it('a server that the agent itself has started outlives its stop', async () => {
    const it = await nightFalls({ ...short, revertMayRestart: true });
    const machine = await morning(it, [agentUnit]);
    await closes(it);
    await machine.systemctl('stop', agentUnit);
    expect(await machine.property(agentUnit, 'Result')).toBe('success');
    const server = readFileSync(join(cluster().dataDir, 'postmaster.pid'), 'utf8').split('\n', 1)[0];
    expect(await machine.run('cat', `/proc/${server}/comm`)).toBe('postgres');
  });
});

describeBooted('an agent that hangs', () => {
  it('is ended and started again', async () => {
    const it = await nightFalls({ leaseMs: 600_000 });
    const machine = await morning(it, [agentUnit], 'WatchdogSec=3');
    await is(machine, agentUnit, 'ActiveState', 'active');
    await sleep(4_000);
    expect(await machine.property(agentUnit, 'NRestarts')).toBe('0');
    await machine.systemctl('kill', '--signal=STOP', agentUnit);
    await is(machine, agentUnit, 'NRestarts', /[1-9]/);
    await is(machine, agentUnit, 'ActiveState', 'active');
  });
});

describeBooted('a worker', () => {
  it('is ready when it asks Temporal for work, and stops in peace', async () => {
    const temporal = await startTemporal({ ui: false });
    ends.push(temporal.stop);
    const it = await lab();
    const config = join(homeOf(it), 'knowngood.yaml');
    const { connection, password } = it.config.database;
    const target = { connection, password };
    writeFileSync(
      config,
      JSON.stringify({ targets: { main: target }, store: it.config.store, temporal: { address: temporal.address } }),
    );
    mkdirSync(join(homeOf(it), 'data'));
    await exec('chown', ['-R', `${cluster().systemUser?.uid}`, homeOf(it)]);
    const machine = await started({
      wants: [workerUnit],
      files: { [`${workerUnit}.d/here.conf`]: serviceHere(`worker --config ${config}`) },
    });
    await is(machine, workerUnit, 'ActiveState', 'active');
    await machine.systemctl('stop', workerUnit);
    expect(await machine.property(workerUnit, 'Result')).toBe('success');
    expect(await machine.property(workerUnit, 'NRestarts')).toBe('0');
  });
});

describeBooted('a codec server', () => {
  it('is ready when it answers, by the key of a file and for a token, sees nothing of its neighbours, and stops in peace', async () => {
    const it = await lab();
    const [config, key, env] = ['knowngood.yaml', 'payload.key', 'codec.env'].map((name) => join(homeOf(it), name)) as [
      string,
      string,
      string,
    ];
    const { connection } = it.config.database;
    const temporal = { encryption: { keys: [`\${file:${key}}`] } };
    const ui = { address: 'https://temporal.example' };
    writeFileSync(config, JSON.stringify({ targets: { main: { connection } }, temporal, ui }));
    writeFileSync(key, `${newPayloadKey()}\n`, { mode: 0o600 });
    writeFileSync(join(homeOf(it), 'token'), 'not-for-everybody\n', { mode: 0o600 });
    const port = await freePort();
    // As the file for it is written: systemd leaves the reference to the program.
    const options = `--listen 0.0.0.0:${port} --token \${file:${join(homeOf(it), 'token')}}`;
    writeFileSync(env, `KNOWNGOOD_CODEC_OPTIONS=${options}\n`);
    await exec('chown', ['-R', `${cluster().systemUser?.uid}`, homeOf(it)]);
    const shipped = readFileSync(join(packageRoot, 'deploy', 'systemd', codecUnit), 'utf8');
    const [, command = ''] = /^ExecStart=\/usr\/bin\/knowngood (.*)$/m.exec(shipped) ?? [];
    const machine = await started({
      wants: [codecUnit],
      files: {
        [`${codecUnit}.d/here.conf`]: `${serviceHere(command.replace('/etc/knowngood/knowngood.yaml', config))}
EnvironmentFile=${env}
ExecStartPre=+/bin/mkdir -m 0755 /var/lib/knowngood-worker
ExecStartPre=/bin/sh -c '! ls /var/lib/knowngood-worker'`,
      },
    });
    await is(machine, codecUnit, 'ActiveState', 'active');
    const asked = (headers: Record<string, string>): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/encode`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ payloads: [{ data: Buffer.from('"planted"').toString('base64') }] }),
      });
    expect((await asked({})).status).toBe(401);
    expect((await asked({ authorization: 'Bearer not-for-everybody' })).status).toBe(200);
    const pid = await machine.property(codecUnit, 'MainPID');
    expect(await machine.run('cat', `/proc/${pid}/cmdline`)).not.toContain('not-for-everybody');
    await machine.systemctl('stop', codecUnit);
    expect(await machine.property(codecUnit, 'Result')).toBe('success');
    expect(await machine.property(codecUnit, 'NRestarts')).toBe('0');
  });
});
