/** The shape of agent.yaml: local to the database host, and the only file that gives power over it. */
import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import { durationShape, nameShape, positiveDurationShape } from '../domain/shapes.schema.ts';
import {
  absolutePath,
  argvShape,
  databaseShape,
  metricsShape,
  secretShape,
  storeShape,
  temporalShape,
  tlsShape,
  webAddress,
} from './shapes.schema.ts';

const commandShape = z
  .strictObject({
    run: argvShape,
    timeout: positiveDurationShape.optional(),
    restarts: z.boolean().optional(),
    upgrades: z.boolean().optional(),
    undo: z.strictObject({ run: argvShape, timeout: positiveDurationShape.optional() }).optional(),
    onRevert: z.enum(['configuration', 'undo']).optional(),
  })
  .check(({ value, issues }) => {
    const wrong = (key: 'undo' | 'onRevert' | 'restarts', message: string): void =>
      void issues.push({ code: 'custom', input: value, path: [key], message });
    if (value.upgrades !== true && value.undo !== undefined) wrong('undo', 'is only for a command with upgrades: true');
    if (value.upgrades !== true && value.onRevert !== undefined)
      wrong('onRevert', 'is only for a command with upgrades: true');
    if (value.onRevert === 'undo' && value.undo === undefined) wrong('onRevert', 'is undo, and no undo is named');
    if (value.onRevert !== 'undo' && value.undo !== undefined) wrong('undo', 'is never run without onRevert: undo');
    if (value.upgrades === true && value.restarts === false) wrong('restarts', 'is false, and an upgrade restarts');
  });

/** A look costs the server about as much as any small query. */
const observeIntervalShape = durationShape.refine((text) => (parseDuration(text) ?? 0) >= 1_000, 'is shorter than 1s');

const originShape = webAddress.refine(
  (text) => /^https?:\/\/[^/?#]+\/?$/.test(text),
  'has a path: only the address is wanted',
);

const patroniShape = z
  .strictObject({
    endpoints: z.array(originShape).min(1, 'is empty'),
    username: z.string().min(1, 'is empty').optional(),
    password: secretShape.optional(),
    tls: tlsShape.optional(),
  })
  .refine(
    ({ username, password }) => (username === undefined) === (password === undefined),
    'needs "username" and "password" together',
  );

/** AWS's own names; credentials come from its own chain, and never stand here. */
const rdsShape = z.strictObject({
  instance: z.string().regex(/^[a-z](-?[a-z0-9])*$/, 'is no identifier of an RDS instance'),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'is no AWS region'),
  endpoint: originShape.optional(),
  sharedWith: z.array(z.string().min(1, 'is empty')).optional(),
});

const agentFields = z.strictObject({
  target: nameShape,
  ...databaseShape,
  stateDir: absolutePath.optional(),
  keyFile: absolutePath.optional(),
  restart: argvShape.optional(),
  patroni: patroniShape.optional(),
  rds: rdsShape.optional(),
  commands: z.record(nameShape, commandShape).optional(),
  allow: z
    .strictObject({
      settings: z.array(z.string().min(1, 'is empty')).optional(),
      paths: z.array(absolutePath).optional(),
      sql: z.boolean().optional(),
    })
    .optional(),
  rehearsal: z
    .strictObject({
      enabled: z.boolean().optional(),
      timeout: positiveDurationShape.optional(),
      folder: absolutePath.optional(),
    })
    .optional(),
  standbys: z.array(z.strictObject(databaseShape)).optional(),
  observe: z
    .union([
      z.boolean(),
      z.strictObject({ interval: observeIntervalShape.optional(), serverLog: z.boolean().optional() }),
    ])
    .optional(),
  store: storeShape.optional(),
  temporal: temporalShape.optional(),
  metrics: metricsShape.optional(),
});

export const agentShape = agentFields.refine(
  ({ patroni, rds }) => patroni === undefined || rds === undefined,
  'has "patroni" and "rds": a target has one owner',
);

export type AgentInput = z.infer<typeof agentShape>;
