/**
 * A stand-in for Amazon RDS on this host. moto keeps instances and parameter groups and serves the API; it applies nothing,
 * validates nothing, has no ResetDBParameterGroup, and says `in-sync` whatever happens. A shim in front of it, in this
 * process, adds that: by AWS's documentation, not by AWS. docs/rds.md says which behaviour is whose.
 */
import { appendFile, writeFile } from 'node:fs/promises';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateDBInstanceCommand,
  CreateDBParameterGroupCommand,
  DeleteDBInstanceCommand,
  DescribeDBParametersCommand,
  ModifyDBParameterGroupCommand,
  type Parameter,
  RDSClient,
} from '@aws-sdk/client-rds';
import pg from 'pg';
import type { RdsConfig } from '../../domain/config.ts';
import { quoteConf } from '../../domain/conf/conf-file.ts';
import { type Cluster, createCluster } from '../../worker/stack/cluster.ts';
import { type Kept, keep } from '../../worker/stack/keeper.ts';
import { freePort } from '../../worker/stack/ports.ts';
import { eventually } from './processes.ts';
import { pythonLibrary } from './python.ts';

/** Not moto[server]: that brings what three hundred services need. */
const packages = ['moto==5.2.5', 'Flask==3.1.3', 'flask-cors==6.0.5', 'boto3==1.44.8', 'botocore==1.44.8'];

const region = 'eu-central-1';
export const instance = 'shop';
export const group = 'pg-shop';
export const master = { user: 'shop_admin', password: 'of the master user' };
/** Whom the image service connects as. */
export const imagePassword = 'image-secret';

/** moto looks at none of it; the SDK wants some. */
export const credentials = { AWS_ACCESS_KEY_ID: 'stand-in', AWS_SECRET_ACCESS_KEY: 'stand-in' };

/** What an answer of RDS is replaced with; `lost`: the request is carried out, and nobody hears of it. */
export type Fault = 'throttled' | 'broken' | 'denied' | 'lost';

export interface StandIn {
  readonly cluster: Cluster;
  /** For an agent. */
  readonly config: RdsConfig;
  /** Every request that reached the shim, oldest first. */
  readonly calls: { readonly action: string; readonly fields: URLSearchParams }[];
  /** Asked at each request; null: it is answered. */
  fault: (action: string) => Fault | null;
  /** As the instance has it, by a session of its own. */
  show(name: string): Promise<string>;
  query<T extends pg.QueryResultRow>(
    sql: string,
    as?: { user: string; password: string },
    database?: string,
  ): Promise<T[]>;
  /** What the group says of a parameter that somebody has set; null: nobody has. */
  declared(name: string): Promise<string | null>;
  /** As somebody with the console: a value, or null for a reset. */
  set(values: Readonly<Record<string, string | null>>): Promise<void>;
  /** What is written has arrived. */
  settled(): Promise<void>;
  addInstance(name: string, inGroup: string, engine?: string): Promise<void>;
  removeInstance(name: string): Promise<void>;
  /** moto ends, and with it everything it knows; the shim closes the connection of whoever asks. */
  stopMoto(): Promise<void>;
  /** Again, with what was known. */
  startMoto(): Promise<void>;
  close(): Promise<void>;
}

/** RDS computes with the memory of the instance class. */
const memoryBytes = 512 * 1024 * 1024;

/** Where RDS has another range than PostgreSQL, or another way to say it. */
const ownLimits: Readonly<Record<string, Partial<Parameter>>> = {
  work_mem: { AllowedValues: '64-2147483647' },
  timezone: { AllowedValues: 'UTC,Europe/Berlin,America/New_York' },
  shared_buffers: { ParameterValue: '{DBInstanceClassMemory/32768}', Source: 'system' },
  shared_preload_libraries: { DataType: 'list', AllowedValues: 'auto_explain,pg_stat_statements,pgaudit' },
  port: { IsModifiable: false },
  listen_addresses: { IsModifiable: false },
};

/** RDS has no such parameters. */
const unknownToRds: ReadonlySet<string> = new Set([
  'cluster_name',
  'config_file',
  'data_directory',
  'hba_file',
  'unix_socket_directories',
]);

/** Between a write and its arrival. */
const applyMs = 300;
const pageSize = 100;
const mostParameters = 20;

export async function startRds(): Promise<StandIn> {
  const [library, cluster] = await Promise.all([
    pythonLibrary('moto', packages),
    createCluster({
      major: 17,
      ownIdentity: true,
      hba: 'local all postgres trust\nhost all all 127.0.0.0/8 scram-sha-256\n',
    }),
  ]);
  const motoPort = await freePort();
  const motoUrl = `http://127.0.0.1:${motoPort}`;
  const moto = new RDSClient({
    region,
    endpoint: motoUrl,
    credentials: { accessKeyId: 'stand-in', secretAccessKey: 'stand-in' },
    maxAttempts: 1,
  });
  let running: Kept | null = null;
  let kept: readonly Parameter[] = [];
  const others = new Map<string, string>();

  /** As the server has it in its file. */
  const applied = new Map<string, string>();
  let status = 'in-sync';
  let state = 'available';
  let waits = false;
  let work: Promise<void> = Promise.resolve();

  const query: StandIn['query'] = async (sql, as, database = 'postgres') => {
    const client = new pg.Client({ connectionString: cluster.url(as?.user, database, as?.password) });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };

  async function parameters(): Promise<readonly Parameter[]> {
    const { Parameters = [] } = await moto.send(new DescribeDBParametersCommand({ DBParameterGroupName: group }));
    return Parameters;
  }

  async function seed(Parameters: readonly Parameter[]): Promise<void> {
    const family = { DBParameterGroupFamily: 'postgres17', Description: 'of the stand-in' };
    for (const DBParameterGroupName of new Set([group, ...others.values()]))
      if (!DBParameterGroupName.startsWith('default.'))
        await moto.send(new CreateDBParameterGroupCommand({ DBParameterGroupName, ...family }));
    await moto.send(new ModifyDBParameterGroupCommand({ DBParameterGroupName: group, Parameters: [...Parameters] }));
    await createInstance(instance, group);
    for (const [name, inGroup] of others) await createInstance(name, inGroup);
  }

  async function createInstance(
    DBInstanceIdentifier: string,
    DBParameterGroupName: string,
    Engine = 'postgres',
  ): Promise<void> {
    await moto.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier,
        DBParameterGroupName,
        DBInstanceClass: 'db.t4g.micro',
        Engine,
        EngineVersion: Engine === 'postgres' ? '17.4' : '8.0.36',
        AllocatedStorage: 20,
        MasterUsername: master.user,
        MasterUserPassword: 'stand-in-only',
      }),
    );
  }

  async function startMoto(): Promise<void> {
    const env = { PATH: process.env['PATH'], PYTHONPATH: library };
    running = await keep('python3', ['-m', 'moto.server', '-p', String(motoPort)], { env });
    await eventually(
      'moto',
      () =>
        fetch(`${motoUrl}/moto-api/`).then(
          ({ ok }) => ok,
          () => false,
        ),
      60_000,
    );
    await seed(kept);
  }

  async function stopMoto(): Promise<void> {
    await work;
    kept = await parameters();
    await running?.stop();
    running = null;
  }

  /** Its own file, read at a reload; what is static stays as it was until a reboot. */
  async function arrive(reboots: boolean): Promise<void> {
    for (const { ParameterName: name = '', ParameterValue: value = '', ApplyType } of await parameters()) {
      if (ApplyType === 'static' && !reboots) continue;
      if (value === '') applied.delete(name);
      else applied.set(name, computed(value));
    }
    const lines = [...applied].map(([name, value]) => `${name} = ${quoteConf(value)}\n`).sort();
    await writeFile(join(cluster.dataDir, 'rds.conf'), lines.join(''));
  }

  function later(what: () => Promise<void>): void {
    work = work.then(() => sleep(applyMs)).then(what);
  }

  /** A request of a client, in the words of the API; null: moto answers it as it is. */
  async function change(action: string, fields: URLSearchParams): Promise<URLSearchParams | Refused | null> {
    if (action === 'RebootDBInstance') {
      if (state !== 'available')
        return { status: 400, code: 'InvalidDBInstanceState', message: `The instance is ${state}.` };
      state = 'rebooting';
      later(async () => {
        // What is written from here on waits for the next one.
        waits = false;
        await arrive(true);
        await cluster.restart();
        [status, state] = [waits ? 'pending-reboot' : 'in-sync', 'available'];
      });
      return null;
    }
    if (action !== 'ModifyDBParameterGroup' && action !== 'ResetDBParameterGroup') return null;
    if (fields.get('DBParameterGroupName')?.startsWith('default.'))
      return { status: 400, code: 'InvalidParameterValue', message: 'Default parameter groups cannot be modified.' };
    const known = new Map((await parameters()).map((parameter) => [parameter.ParameterName, parameter]));
    const asked = parametersIn(fields);
    if (asked.length > mostParameters)
      return { status: 400, code: 'InvalidParameterValue', message: `${asked.length} parameters in a request.` };
    const wrong = asked.find(({ name, method }) => {
      const parameter = known.get(name);
      return parameter?.IsModifiable !== true || (parameter.ApplyType === 'static' && method === 'immediate');
    });
    if (wrong !== undefined)
      return { status: 400, code: 'InvalidParameterCombination', message: `Parameter ${wrong.name}.` };
    waits ||= asked.some(({ name }) => known.get(name)?.ApplyType === 'static');
    // As at AWS, nothing tells of it for a moment.
    later(async () => {
      status = 'applying';
      await sleep(applyMs);
      await arrive(false);
      await query('select pg_reload_conf()');
      status = waits ? 'pending-reboot' : 'in-sync';
    });
    const isReset = action === 'ResetDBParameterGroup';
    const forMoto = new URLSearchParams({ Action: 'ModifyDBParameterGroup', Version: '2014-10-31' });
    forMoto.set('DBParameterGroupName', group);
    asked.forEach(({ name, value }, at) => {
      const usual = ownLimits[name.toLowerCase()];
      const entry = isReset
        ? { ParameterValue: usual?.ParameterValue ?? '', Source: usual?.Source ?? 'engine-default' }
        : { ParameterValue: value, Source: 'user' };
      forMoto.set(`Parameters.Parameter.${at + 1}.ParameterName`, name);
      for (const [key, text] of Object.entries(entry)) forMoto.set(`Parameters.Parameter.${at + 1}.${key}`, text);
    });
    return forMoto;
  }

  /** Every instance is the one server that is here; how it is, is known of one. */
  function asItIs(action: string, fields: URLSearchParams, text: string): string {
    if (action === 'DescribeDBParameters') return pageOf(fields, text);
    if (action === 'ResetDBParameterGroup') return text.replaceAll('ModifyDBParameterGroup', action);
    return text.replace(/<DBInstance>.*?<\/DBInstance>/gs, (one) => {
      const here = one
        .replace(/<Address>.*?<\/Address>/, '<Address>127.0.0.1</Address>')
        .replace(/<Port>.*?<\/Port>/, `<Port>${cluster.port}</Port>`);
      if (!here.includes(`<DBInstanceIdentifier>${instance}</DBInstanceIdentifier>`)) return here;
      return here
        .replace(/<DBInstanceStatus>.*?<\//, `<DBInstanceStatus>${state}</`)
        .replace(/<ParameterApplyStatus>.*?<\//, `<ParameterApplyStatus>${status}</`);
    });
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const fields = new URLSearchParams(Buffer.concat(chunks).toString());
    const action = fields.get('Action') ?? '';
    standIn.calls.push({ action, fields });
    const fault = standIn.fault(action);
    const answer = (code: number, text: string): void =>
      void response.writeHead(code, { 'content-type': 'text/xml' }).end(text);
    const refuse = ({ status: code, code: name, message }: Refused): void =>
      answer(
        code,
        `<ErrorResponse><Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error></ErrorResponse>`,
      );
    if (fault === 'throttled') return refuse({ status: 400, code: 'Throttling', message: 'Rate exceeded' });
    if (fault === 'broken') return refuse({ status: 503, code: 'ServiceUnavailable', message: 'no' });
    if (fault === 'denied')
      return refuse({ status: 403, code: 'AccessDenied', message: `not authorized to perform: rds:${action}` });
    // Whoever asks must know no difference: moto is RDS.
    if (running === null) return void request.socket.destroy();
    const instead = await change(action, fields);
    if (instead !== null && 'code' in instead) return refuse(instead);
    const { authorization = '' } = request.headers;
    const body = (instead ?? fields).toString();
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
    const from = await fetch(motoUrl, { method: 'POST', headers, body });
    if (fault === 'lost') return void request.socket.destroy();
    answer(from.status, asItIs(action, fields, await from.text()));
  }

  const shim: Server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => shim.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(shim.address() as AddressInfo).port}`;

  const standIn: StandIn = {
    cluster,
    config: { instance, region, endpoint, sharedWith: [] },
    calls: [],
    fault: () => null,
    show: async (name) =>
      (await query<{ value: string }>(`select current_setting('${name}') as value`))[0]?.value ?? '',
    query,
    declared: async (name) => {
      const found = (await parameters()).find((one) => one.ParameterName === name && one.Source === 'user');
      return found?.ParameterValue ?? null;
    },
    async set(values) {
      for (const [name, value] of Object.entries(values)) {
        const action = value === null ? 'ResetDBParameterGroup' : 'ModifyDBParameterGroup';
        const parameter = (await parameters()).find((one) => one.ParameterName === name);
        const fields = new URLSearchParams({ Action: action, DBParameterGroupName: group });
        fields.set('Parameters.Parameter.1.ParameterName', name);
        fields.set('Parameters.Parameter.1.ParameterValue', value ?? '');
        fields.set(
          'Parameters.Parameter.1.ApplyMethod',
          parameter?.ApplyType === 'static' ? 'pending-reboot' : 'immediate',
        );
        const { status: code } = await fetch(endpoint, {
          method: 'POST',
          body: fields,
          headers: { authorization: `AWS4-HMAC-SHA256 Credential=stand-in/20260101/${region}/rds/aws4_request` },
        });
        if (code !== 200) throw new Error(`${action} of ${name}: status ${code}`);
      }
      await standIn.settled();
    },
    settled: () => work,
    async addInstance(name, inGroup, engine) {
      others.set(name, inGroup);
      if (inGroup !== group && !inGroup.startsWith('default.')) throw new Error('only groups that are there');
      await createInstance(name, inGroup, engine);
    },
    async removeInstance(name) {
      others.delete(name);
      await moto.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: name, SkipFinalSnapshot: true }));
    },
    stopMoto,
    startMoto,
    async close() {
      await work.catch(() => undefined);
      shim.closeAllConnections();
      await new Promise((resolve) => shim.close(resolve));
      await running?.stop();
      moto.destroy();
      await cluster.remove();
    },
  };

  try {
    await prepare(cluster, query);
    kept = await familyOf(query);
    await startMoto();
    await arrive(true);
    await query('select pg_reload_conf()');
    return standIn;
  } catch (error) {
    await standIn.close();
    throw error;
  }
}

interface Refused {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** As RDS leaves it: a superuser of its own, a database that nobody enters, and a master user who is none. */
async function prepare(cluster: Cluster, query: StandIn['query']): Promise<void> {
  const statements = `
    create role rdsadmin superuser;
    create database rdsadmin owner rdsadmin;
    revoke all on database rdsadmin from public;
    create role rds_superuser nologin;
    grant pg_monitor, pg_signal_backend, pg_checkpoint to rds_superuser with admin option;
    create role ${master.user} login createrole createdb password '${master.password}';
    grant rds_superuser to ${master.user};
    create database shop owner ${master.user};
    create role image_svc login password '${imagePassword}';
    grant image_svc to ${master.user} with admin option`;
  for (const statement of statements.split(';')) await query(statement);
  await writeFile(join(cluster.dataDir, 'rds.conf'), '');
  await appendFile(join(cluster.dataDir, 'postgresql.conf'), `include 'rds.conf'\n`);
}

/** The parameters of the family, as far as they are PostgreSQL's own. */
async function familyOf(query: StandIn['query']): Promise<readonly Parameter[]> {
  const rows = await query<SettingRow>(
    'select name, context, vartype, min_val as "min", max_val as "max", to_json(enumvals) as "words" from pg_settings',
  );
  return rows
    .filter(({ name, context }) => context !== 'internal' && !unknownToRds.has(name))
    .map(({ name, context, vartype, min, max, words }): Parameter => {
      const range =
        vartype === 'bool' ? '0,1' : vartype === 'enum' ? words?.join(',') : min === null ? undefined : `${min}-${max}`;
      const lower = name.toLowerCase();
      return {
        ParameterName: lower,
        Source: 'engine-default',
        ApplyType: context === 'postmaster' ? 'static' : 'dynamic',
        DataType: { bool: 'boolean', real: 'float', integer: 'integer' }[vartype] ?? 'string',
        IsModifiable: true,
        ...(range === undefined ? {} : { AllowedValues: range }),
        ...ownLimits[lower],
      };
    });
}

interface SettingRow {
  readonly name: string;
  readonly context: string;
  readonly vartype: string;
  readonly min: string | null;
  readonly max: string | null;
  readonly words: readonly string[] | null;
}

function computed(value: string): string {
  const divisor = /^\{DBInstanceClassMemory\/(\d+)\}$/.exec(value)?.[1];
  return divisor === undefined ? value : String(Math.floor(memoryBytes / Number(divisor)));
}

interface AskedParameter {
  readonly name: string;
  readonly value: string;
  readonly method: string;
}

function parametersIn(fields: URLSearchParams): readonly AskedParameter[] {
  const found: AskedParameter[] = [];
  for (let at = 1; fields.has(`Parameters.Parameter.${at}.ParameterName`); at += 1) {
    const field = (name: string): string => fields.get(`Parameters.Parameter.${at}.${name}`) ?? '';
    found.push({ name: field('ParameterName'), value: field('ParameterValue'), method: field('ApplyMethod') });
  }
  return found;
}

/** moto gives everything at once, whatever was asked for. */
function pageOf(fields: URLSearchParams, text: string): string {
  const tag = (one: string, name: string): string => new RegExp(`<${name}>(.*?)</${name}>`).exec(one)?.[1] ?? '';
  const source = fields.get('Source');
  const names = new Set(
    [...fields].filter(([key]) => /^Filters\.Filter\.\d+\.Values\.Value\.\d+$/.test(key)).map(([, value]) => value),
  );
  const all = (text.match(/<Parameter>.*?<\/Parameter>/gs) ?? [])
    .filter((one) => source === null || tag(one, 'Source') === source)
    .filter((one) => names.size === 0 || names.has(tag(one, 'ParameterName')))
    .map((one) =>
      tag(one, 'ParameterValue') === '' && tag(one, 'Source') !== 'user'
        ? one.replace(/<ParameterValue>.*?<\/ParameterValue>|<ParameterValue ?\/>/, '')
        : one,
    );
  const from = Number(fields.get('Marker') ?? 0);
  const page = all.slice(from, from + pageSize);
  const marker = from + pageSize < all.length ? `<Marker>${from + pageSize}</Marker>` : '';
  return text.replace(/<Parameters>.*<\/Parameters>/s, `<Parameters>${page.join('')}</Parameters>${marker}`);
}
