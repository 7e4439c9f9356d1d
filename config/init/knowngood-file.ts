/** knowngood.yaml for a live server, with everything that has to be decided by people as a comment. Pure. */
import { oneLine } from '../../domain/markdown.ts';
import type { Service, Survey } from '../../domain/survey.ts';
import { dependentName, secretReference } from './names.ts';
import { address, quoted, scalar } from './scalar.ts';

export interface InitInput {
  readonly target: string;
  readonly connection: string;
  /** A reference; null: none was needed. */
  readonly password: string | null;
  readonly survey: Survey;
}

export function knowngoodFile({ target, connection, password, survey }: InitInput): string {
  const { version, services, quiet, unseen } = survey;
  return [
    '# knowngood.yaml: what the orchestrator and the command line know. Written by "knowngood init": read it, correct it,',
    '# take the comment marks away where they keep something back. "knowngood doctor" says what is still missing.',
    'targets:',
    `  ${scalar(target)}:`,
    `    # PostgreSQL ${version}${survey.dataDirectory === null ? '' : `, ${oneLine(survey.dataDirectory)}`}`,
    `    connection: ${address(connection)}`,
    password === null
      ? "    # password: '${env:NAME}'   # or '${file:/run/secrets/name}': never the password itself"
      : `    password: ${quoted(password)}`,
    '    policy: production',
    '',
    ...dependents(target, services),
    ...(quiet.length === 0
      ? []
      : ['', `# Roles that may log in, of whom nothing was seen: ${oneLine(quiet.join(', '))}`]),
    ...unseen.map((what) => `# Not seen: ${oneLine(what)}`),
    '',
    ...policies,
    '',
    ...elsewhere,
    '',
  ].join('\n');
}

/** More than these nobody reads through; the rest are named. */
const mostServices = 50;

function dependents(target: string, services: readonly Service[]): readonly string[] {
  const head =
    '# The services that use this server: whoever must not suffer. Each needs a required check to be watched by.';
  if (services.length === 0) return [head, ...commented(exampleDependent(target))];
  const names = new Set<string>();
  const rest = services.slice(mostServices).map(({ role }) => role);
  return [
    head,
    'dependents:',
    ...services
      .slice(0, mostServices)
      .flatMap((service) => dependent(target, service, dependentName(service.role, names))),
    ...(rest.length === 0 ? [] : [`  # and: ${oneLine(rest.join(', '))}`]),
  ];
}

function dependent(target: string, { role, access, applications }: Service, name: string): readonly string[] {
  const [first] = access;
  return [
    `  ${scalar(name)}:`,
    `    uses: ${scalar(target)}`,
    ...(applications.length === 0 ? [] : [`    # Its sessions call themselves ${oneLine(applications.join(', '))}.`]),
    '    # team: application',
    '    access:',
    ...access.map(({ database, from, tls, source }) => {
      const where = from === null ? '' : `, from: ${scalar(from)}`;
      const entry = `{ user: ${scalar(role)}, database: ${scalar(database)}${where}${tls ? ', tls: true' : ''} }`;
      return `      - ${entry} # ${source}${from === null ? ', by socket or from anywhere' : ''}`;
    }),
    ...commented(checks(role, first?.database ?? 'postgres', first?.tls === true), '    '),
  ];
}

function checks(role: string, database: string, tls: boolean): readonly string[] {
  const secret = quoted(secretReference(role));
  return [
    'checks:',
    '  # As the service itself connects: its role, its database, a query that it needs, a new connection every time.',
    '  login:',
    `    sql: { as: ${scalar(role)}, password: ${secret}, database: ${scalar(database)}, query: select 1${tls ? '' : ', sslmode: disable'} }`,
    '    level: required',
    '  # What its users see.',
    '  page:',
    '    http: { url: https://service.example/health, status: 200 }',
    '    level: required',
  ];
}

function exampleDependent(target: string): readonly string[] {
  const access = ['    access:', '      - { user: app, database: app, from: 10.0.0.0/24, tls: true }'];
  const own = checks('app', 'app', true).map((line) => `    ${line}`);
  return ['dependents:', '  app:', `    uses: ${scalar(target)}`, ...access, ...own];
}

const policies = [
  'policies:',
  '  production:',
  '    # How long the dependents are watched before a change is kept.',
  '    soak: 10m',
  '    # The agent reverts by itself when it hears nothing for so long.',
  '    lease: 10m',
  '    # By risk: high is what decides access, needs a restart, or runs SQL.',
  '    approvals: { low: 0, high: 1, expire: 24h }',
  '    # May a revert restart the server when only that brings the old values back? A restart cuts every session.',
  '    # revertMayRestart: true',
];

const elsewhere = [
  '# Where snapshots, samples and reports are kept: a database of its own. "knowngood up" brings one for trying it out.',
  "# store: { connection: postgresql://knowngood@store.example/knowngood?sslmode=verify-full, password: '${env:KNOWNGOOD_STORE_PASSWORD}' }",
  '# temporal: { address: temporal.example:7233, namespace: default }',
];

function commented(lines: readonly string[], indent = ''): readonly string[] {
  return lines.map((line) => `${indent}# ${line}`);
}
