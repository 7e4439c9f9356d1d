/** The doctor's look from where the orchestrator or a pipeline stands: configuration, Temporal, workers, store, secrets. */
import { createKnowngoodClient } from '../../client/client.ts';
import { resolveSecret } from '../../config/secrets.ts';
import { temporalConnection } from '../../config/temporal.ts';
import type { DatabaseConfig, KnowngoodConfig } from '../../domain/config.ts';
import { looking, note, ok, problems } from './finding.ts';
import type { Finding } from './finding.ts';

/** `embedded`: the store that `up` runs here, for a configuration that names none. */
export async function examineOrchestrator(
  config: KnowngoodConfig,
  embedded: DatabaseConfig | null,
): Promise<Finding[]> {
  const findings = [
    ok(
      'configuration',
      `${config.path}: ${Object.keys(config.targets).length} target(s), ${config.dependents.length} dependent(s)`,
    ),
  ];
  findings.push(...targetNotes(config));
  findings.push(...(await looking('temporal', () => temporal(config))));
  findings.push(...(await looking('store', () => store(config.store ?? embedded))));
  findings.push(...(await secrets(config)));
  return findings;
}

function targetNotes(config: KnowngoodConfig): Finding[] {
  return Object.entries(config.targets).flatMap(([name, { policy }]) => {
    const checks = config.dependents.filter(({ uses }) => uses === name).flatMap((dependent) => dependent.checks);
    const what = `target ${name}`;
    const found: Finding[] = [];
    if (!checks.some(({ level }) => level === 'required')) {
      found.push(
        note(
          what,
          'has no required check: nothing could tell whether a change is healthy',
          'Add a dependent with a check to knowngood.yaml.',
        ),
      );
    } else if (!checks.some(({ kind }) => kind === 'sql')) {
      found.push(
        note(
          what,
          'has no sql check: only a fresh connection sees that pg_hba.conf denies a service',
          'Add a sql check as the role of a dependent.',
        ),
      );
    }
    if (!policy.revertMayRestart) {
      found.push(
        note(
          what,
          'a revert may restart the server only after a change that was expected to',
          'Set revertMayRestart: true if it always may.',
        ),
      );
    }
    return found;
  });
}

async function temporal(config: KnowngoodConfig): Promise<Finding[]> {
  const connection = await temporalConnection(config.temporal);
  const connected = await createKnowngoodClient({ temporal: connection });
  if (connected.kind === 'refused') return problems('temporal', connected.problems);
  const { client } = connected;
  try {
    const [key] = connection.payloadKeys ?? [];
    const encrypted = key === undefined ? '' : `, payloads encrypted with key ${key.id}`;
    const found = [ok('temporal', `${connection.options.address}, namespace ${connection.namespace}${encrypted}`)];
    const missing = await client.missingSearchAttributes();
    if (missing.length > 0) {
      const commands = missing.map((name) => `temporal operator search-attribute create --name ${name} --type Keyword`);
      found.push({
        mark: 'problem',
        what: 'temporal',
        text: `search attributes are not registered: ${missing.join(', ')}`,
        hint: `Run ${commands.join('; ')}.`,
      });
    }
    const worker = await client.hasWorker();
    found.push(
      worker
        ? ok('worker', 'polls')
        : {
            mark: 'problem',
            what: 'worker',
            text: 'no worker polls task queue knowngood',
            hint: 'Start one with "knowngood worker".',
          },
    );
    for (const target of Object.keys(config.targets)) {
      const agent = await client.hasAgent(target);
      found.push(
        agent
          ? ok(`target ${target}`, 'its agent polls')
          : {
              mark: 'problem',
              what: `target ${target}`,
              text: 'no agent polls for it',
              hint: 'Start "knowngood agent" on its host.',
            },
      );
    }
    return found;
  } finally {
    await client.close();
  }
}

async function store(database: DatabaseConfig | null): Promise<Finding[]> {
  if (database === null)
    return [note('store', 'none is configured, and "knowngood up" does not run', 'Add a "store" section.')];
  const { withStore } = await import('../../worker/store-access.ts');
  await withStore(database, (opened) => opened.changes(null, 1));
  return [ok('store', 'answers')];
}

/** Of the checks that run here; those of other locations are resolved there. */
async function secrets(config: KnowngoodConfig): Promise<Finding[]> {
  const references = config.dependents.flatMap(({ checks }) =>
    checks.flatMap((check) => {
      if (check.location !== 'default') return [];
      if (check.kind === 'sql') return check.password === null ? [] : [check.password];
      if (check.kind === 'grpc') return Object.values(check.metadata);
      return check.kind === 'http' || check.kind === 'prometheus' ? Object.values(check.headers) : [];
    }),
  );
  const found = await Promise.all(
    [...new Set(references)].map((reference) => looking('secrets', async () => (await resolveSecret(reference), []))),
  );
  return found.flat();
}
