/** The shape of agent.yaml: local to the database host, and the only file that gives power over it. */
import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import { durationShape, nameShape, positiveDurationShape } from '../domain/shapes.schema.ts';
import { publicKeyShape } from './approvers.schema.ts';
import { closedFields } from './never-reopen.schema.ts';
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
    run: argvShape.meta({
      description: 'the program and its arguments; no shell is involved',
      examples: [['/usr/local/sbin/upgrade-shop-db']],
    }),
    timeout: positiveDurationShape
      .optional()
      .meta({ description: 'after which it is ended, with all that it has started', default: '30m' }),
    restarts: z
      .boolean()
      .optional()
      .meta({ description: 'it restarts the server, and so may its revert; always with `upgrades`', default: false }),
    upgrades: z
      .boolean()
      .optional()
      .meta({ description: "it may put a newer server in this one's place", default: false }),
    undo: z
      .strictObject({
        run: argvShape.describe('the program and its arguments'),
        timeout: positiveDurationShape.optional().meta({ description: 'after which it is ended', default: '30m' }),
      })
      .optional()
      .describe('puts the old server back, until the change is confirmed; may be run again after a failure'),
    onRevert: z
      .enum(['configuration', 'undo'])
      .optional()
      .describe('of an upgrade: carry the old configuration over to the new server (default), or run `undo`'),
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
    endpoints: z
      .array(originShape)
      .min(1, 'is empty')
      .meta({
        description: 'addresses of its REST API; one that answers will do',
        examples: [['https://10.0.0.5:8008', 'https://10.0.0.6:8008']],
      }),
    username: z.string().min(1, 'is empty').optional().describe('login of the REST API, where it asks for one'),
    password: secretShape.optional().describe('where the password of the REST API is'),
    tls: tlsShape.optional().describe('certificates for the REST API'),
  })
  .refine(
    ({ username, password }) => (username === undefined) === (password === undefined),
    'needs "username" and "password" together',
  );

/** AWS's own names; credentials come from its own chain, and never stand here. */
const rdsShape = z.strictObject({
  instance: z
    .string()
    .regex(/^[a-z](-?[a-z0-9])*$/, 'is no identifier of an RDS instance')
    .meta({ description: 'identifier of the instance', examples: ['shop'] }),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'is no AWS region')
    .meta({ description: 'region of the instance', examples: ['eu-central-1'] }),
  endpoint: originShape.optional().describe('address of the RDS API; default: that of the region'),
  sharedWith: z
    .array(z.string().min(1, 'is empty'))
    .optional()
    .meta({
      description: 'other instances that may have the same parameter group, so that a change reaches them too',
      examples: [['shop-reports']],
    }),
});

const agentFields = z.strictObject({
  target: nameShape.meta({
    description: 'what this server is called; the same name as in `knowngood.yaml`',
    examples: ['shop-db'],
  }),
  ...databaseShape,
  stateDir: absolutePath.optional().meta({
    description: 'journal, sealed bodies and key, mode 0700: the way back of an open change',
    default: '/var/lib/knowngood/<target>',
  }),
  keyFile: absolutePath.optional().meta({
    description: "the agent's key, mode 0600, made at its first start; `KNOWNGOOD_KEY_FILE` names it, too",
    default: '<stateDir>/key',
  }),
  restart: argvShape.optional().meta({
    description:
      'restarts the server, or starts it when it is down, and returns when that is done; without it this agent cannot restart',
    examples: [['systemctl', 'restart', 'postgresql@17-main']],
  }),
  patroni: patroniShape
    .optional()
    .describe('the target is a Patroni cluster, and its configuration goes through Patroni: docs/patroni.md'),
  rds: rdsShape
    .optional()
    .describe(
      'experimental: the target is an RDS instance, and its configuration goes through its parameter group: docs/rds.md',
    ),
  commands: z.record(nameShape, commandShape).optional().describe('what a change may have the agent run, by name'),
  allow: z
    .strictObject({
      settings: z
        .array(z.string().min(1, 'is empty'))
        .optional()
        .meta({
          description: 'settings that run commands or load libraries, and may be changed all the same',
          examples: [['archive_command']],
        }),
      paths: z
        .array(absolutePath)
        .optional()
        .meta({
          description: 'folders beside the configuration folder, in which files may be changed',
          examples: [['/etc/postgresql-common']],
        }),
      sql: z
        .boolean()
        .optional()
        .meta({ description: 'changes may hold SQL, and a restore may run it', default: false }),
    })
    .optional()
    .describe(
      'what changes from afar may touch beyond plain settings, `pg_hba.conf` and the files of the configuration folder',
    ),
  rehearsal: z
    .strictObject({
      enabled: z
        .boolean()
        .optional()
        .meta({ description: 'a declared change is tried on a scratch server of this host first', default: true }),
      timeout: positiveDurationShape
        .optional()
        .meta({ description: 'after which what is left counts as not tried', default: '60s' }),
      folder: absolutePath
        .optional()
        .describe(
          'where scratch servers live; default: the state folder, or a temporary one where the server runs as another user',
        ),
    })
    .optional()
    .describe('trying a change first: docs/rehearsal.md'),
  neverReopen: z
    .strictObject({
      ...closedFields,
      keys: z
        .array(publicKeyShape)
        .max(10, 'must be at most 10')
        .optional()
        .describe('public Ed25519 keys whose signed approvals open it again; without them, only a person on the host'),
    })
    .optional()
    .describe('what a revert leaves closed, whatever the orchestrator says: docs/never-reopen.md'),
  standbys: z
    .array(z.strictObject(databaseShape))
    .optional()
    .describe('standbys of the target, asked what they have before a setting is raised that they must have as well'),
  observe: z
    .union([
      z.boolean(),
      z.strictObject({
        interval: observeIntervalShape
          .optional()
          .meta({ description: 'between two looks at the open sessions, at least 1s', default: '5s' }),
        serverLog: z
          .boolean()
          .optional()
          .meta({ description: "what the server's log says of connections is read, too", default: true }),
      }),
    ])
    .optional()
    .meta({ description: 'noting who connects (docs/access.md); `false` turns it off', default: true }),
  store: storeShape
    .optional()
    .describe('the store for snapshots; without it the one of `knowngood up`, and without that no change can be armed'),
  temporal: temporalShape.optional().describe('how Temporal is reached'),
  metrics: metricsShape.optional().describe('where Prometheus reads figures'),
});

export const agentShape = agentFields.refine(
  ({ patroni, rds }) => patroni === undefined || rds === undefined,
  'has "patroni" and "rds": a target has one owner',
);

export type AgentInput = z.infer<typeof agentShape>;
