/** knowngood.yaml and agent.yaml of a stage: short leases and soaks, every connection but the target's through a proxy. */
import type { Cluster } from '../../worker/stack/cluster.ts';
import { database } from './configuration.ts';
import { targetName } from './names.ts';

interface Places {
  readonly target: Cluster;
  readonly targetPassword: string;
  readonly storePassword: string;
  readonly imagePassword: string;
  readonly stateDir: string;
  readonly keyFile: string;
  readonly changeCommand: readonly string[];
}

export function knowngoodYaml(
  { target, checks, holdTimeout, ...files }: Places & { readonly checks: string; readonly holdTimeout: string },
  temporalPort: number,
  storePort: number,
): string {
  return `
targets:
  ${targetName}:
    connection: postgresql://postgres@127.0.0.1:${target.port}/postgres
    password: '\${file:${files.targetPassword}}'
    policy: chaos
dependents:
  image-service:
    uses: ${targetName}
    team: application
    checks:
      images:
        sql: { as: image_svc, password: '\${file:${files.imagePassword}}', database: ${database}, source: 127.0.2.1, query: select count(*) from images, sslmode: disable }
        level: required
${checks}
policies:
  chaos:
    lease: 3s
    soak: 1500ms
    settle: { restart: 1s, reload: 0s }
    holdTimeout: ${holdTimeout}
    quiet: 1s
    applyTimeout: 8s
    revertMayRestart: true
    risk: { accessLost: low }
    drift: false
    checks: { interval: 150ms, timeout: 1s, failures: 3, errors: 5, successes: 2 }
store: { connection: 'postgresql://postgres@127.0.0.1:${storePort}/postgres', password: '\${file:${files.storePassword}}' }
temporal: { address: '127.0.0.1:${temporalPort}', namespace: default }
`;
}

export function agentYaml({ target, ...files }: Places, temporalPort: number, storePort: number): string {
  return `
target: ${targetName}
connection: postgresql://postgres@127.0.0.1:${target.port}/postgres
password: '\${file:${files.targetPassword}}'
stateDir: ${files.stateDir}
keyFile: ${files.keyFile}
restart: ${JSON.stringify(target.pgCtl('restart', '-m', 'fast', '-w', '-t', '20'))}
allow: { sql: true }
rehearsal: { enabled: false }
observe: false
commands:
  change: { run: ${JSON.stringify(files.changeCommand)}, timeout: 20s }
store: { connection: 'postgresql://postgres@127.0.0.1:${storePort}/postgres', password: '\${file:${files.storePassword}}' }
temporal: { address: '127.0.0.1:${temporalPort}', namespace: default }
`;
}
