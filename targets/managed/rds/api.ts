/** The RDS API as far as parameter groups need it. Credentials come from the SDK's own chain; throttled calls it repeats itself. */
import {
  type DBInstance,
  DescribeDBInstancesCommand,
  ModifyDBParameterGroupCommand,
  type Parameter,
  RDSClient,
  RebootDBInstanceCommand,
  ResetDBParameterGroupCommand,
  paginateDescribeDBInstances,
  paginateDescribeDBParameters,
} from '@aws-sdk/client-rds';
import type { RdsConfig } from '../../../domain/config.ts';
import { apiError, noSuchInstance } from './errors.ts';
import { type GroupParameter, applyMethodOf } from './parameters.ts';

export interface RdsApi {
  instance(): Promise<DBInstance>;
  /** Names of all instances of the account and region that use the group, sorted. */
  instancesOf(group: string): Promise<readonly string[]>;
  /** By lower-cased name; `only`: those that somebody has set, or those of these names. */
  parameters(group: string, only: 'set' | readonly string[]): Promise<ReadonlyMap<string, GroupParameter>>;
  /** Not atomic: RDS takes twenty parameters a request. Every one that is named has to be in `known`. */
  modify(group: string, values: readonly NamedValue[], known: ReadonlyMap<string, GroupParameter>): Promise<void>;
  reboot(): Promise<void>;
  close(): void;
}

/** null: back to RDS's own default. */
export interface NamedValue {
  readonly name: string;
  readonly value: string | null;
}

/** Of ModifyDBParameterGroup and ResetDBParameterGroup; DescribeDBParameters takes longer filters, and need not. */
const mostParameters = 20;

const connectionTimeout = 5_000;
const requestTimeout = 15_000;

/** Throws TargetErrors. */
export function rdsApi({ instance: DBInstanceIdentifier, region, endpoint }: RdsConfig): RdsApi {
  const client = new RDSClient({
    region,
    ...(endpoint === null ? {} : { endpoint }),
    requestHandler: { connectionTimeout, requestTimeout, throwOnRequestTimeout: true },
  });

  async function asked<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw apiError(action, { instance: DBInstanceIdentifier, region, endpoint }, error);
    }
  }

  return {
    async instance() {
      const { DBInstances = [] } = await asked('DescribeDBInstances', () =>
        client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier })),
      );
      const [found] = DBInstances;
      if (found === undefined) throw noSuchInstance(DBInstanceIdentifier, region);
      return found;
    },
    instancesOf: (group) =>
      asked('DescribeDBInstances', async () => {
        const names: string[] = [];
        for await (const { DBInstances = [] } of paginateDescribeDBInstances({ client }, {}))
          for (const { DBInstanceIdentifier: name = '', DBParameterGroups = [] } of DBInstances)
            if (DBParameterGroups.some(({ DBParameterGroupName }) => DBParameterGroupName === group)) names.push(name);
        return names.sort();
      }),
    parameters: (DBParameterGroupName, only) =>
      asked('DescribeDBParameters', async () => {
        const wanted = only === 'set' ? null : new Set(only.map((name) => name.toLowerCase()));
        const found = new Map<string, GroupParameter>();
        for (const Values of wanted === null ? [null] : chunks([...wanted])) {
          const filter = Values === null ? { Source: 'user' } : { Filters: [{ Name: 'parameter-name', Values }] };
          for await (const { Parameters = [] } of paginateDescribeDBParameters(
            { client },
            { DBParameterGroupName, ...filter },
          ))
            for (const parameter of Parameters.map(parameterOf)) {
              const key = parameter.name.toLowerCase();
              // Whoever stands in for RDS may ignore what was asked for.
              if (wanted === null ? parameter.isSet : wanted.has(key)) found.set(key, parameter);
            }
        }
        return found;
      }),
    async modify(DBParameterGroupName, values, known) {
      const entry = ({ name, value }: NamedValue): Parameter => ({
        ParameterName: name,
        ...(value === null ? {} : { ParameterValue: value }),
        ApplyMethod: applyMethodOf(known.get(name.toLowerCase()) ?? { applyType: 'static' }),
      });
      for (const Parameters of chunks(values.filter(({ value }) => value !== null).map(entry)))
        await asked('ModifyDBParameterGroup', () =>
          client.send(new ModifyDBParameterGroupCommand({ DBParameterGroupName, Parameters })),
        );
      for (const Parameters of chunks(values.filter(({ value }) => value === null).map(entry)))
        await asked('ResetDBParameterGroup', () =>
          client.send(
            new ResetDBParameterGroupCommand({ DBParameterGroupName, ResetAllParameters: false, Parameters }),
          ),
        );
    },
    async reboot() {
      await asked('RebootDBInstance', () => client.send(new RebootDBInstanceCommand({ DBInstanceIdentifier })));
    },
    close: () => client.destroy(),
  };
}

function chunks<T>(all: readonly T[]): readonly T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < all.length; at += mostParameters) parts.push(all.slice(at, at + mostParameters));
  return parts;
}

function parameterOf(parameter: Parameter): GroupParameter {
  const {
    ParameterName = '',
    ParameterValue,
    Source,
    ApplyType,
    DataType = 'string',
    AllowedValues,
    IsModifiable,
  } = parameter;
  return {
    name: ParameterName,
    value: ParameterValue ?? null,
    isSet: Source === 'user',
    // What is not known to be dynamic waits for a reboot: RDS takes that for every parameter.
    applyType: ApplyType === 'dynamic' ? 'dynamic' : 'static',
    dataType: DataType,
    allowedValues: AllowedValues ?? null,
    isModifiable: IsModifiable === true,
  };
}
