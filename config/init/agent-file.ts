/** agent.yaml for a live server; what gives power over the host stays a comment. Pure. */
import { oneLine } from '../../domain/markdown.ts';
import type { InitInput } from './knowngood-file.ts';
import { address, list, quoted, scalar } from './scalar.ts';

export function agentFile({ target, connection, password, survey }: InitInput): string {
  return [
    '# agent.yaml: beside the database, on its host, as the user that owns it or root. Nobody gains power over the host by',
    '# changing another file. Written by "knowngood init": read it, correct it, then run "knowngood doctor".',
    `target: ${scalar(target)}`,
    ...(survey.here || survey.dataDirectory === null
      ? []
      : [`# ${oneLine(survey.dataDirectory)} is not on the host on which this was written: the agent must run there.`]),
    `connection: ${address(connection)}`,
    password === null
      ? "# password: '${file:/run/secrets/knowngood}'   # never the password itself"
      : `password: ${quoted(password)}`,
    ...(survey.superuser
      ? [
          `# ${oneLine(survey.user)} is a superuser. A role of its own does, too: "knowngood doctor --sql" tells what it needs.`,
        ]
      : []),
    '',
    '# Journal, sealed snapshots and key; made when the agent first starts. Back the key up: without it nothing sealed opens.',
    `stateDir: /var/lib/knowngood/${target}`,
    `# keyFile: /var/lib/knowngood/${target}/key`,
    '',
    ...restart(survey.restart),
    '',
    '# Commands that a change may have the agent run, by name; no shell is involved.',
    '# commands:',
    '#   upgrade: { run: [/usr/local/sbin/upgrade-database], timeout: 30m, restarts: true }',
    '',
    '# What changes from afar may touch beyond plain settings, pg_hba.conf and the files of the configuration folder.',
    '# allow:',
    '#   settings: [archive_command]',
    '#   paths: [/etc/postgresql-common]',
    '#   sql: true',
    '',
    '# Who connects is noted in the store every few seconds, for "knowngood access"; false turns it off.',
    '# observe: { interval: 5s, serverLog: true }',
    '',
    '# The same store and Temporal as in knowngood.yaml.',
    "# store: { connection: postgresql://knowngood@store.example/knowngood?sslmode=verify-full, password: '${env:KNOWNGOOD_STORE_PASSWORD}' }",
    '# temporal: { address: temporal.example:7233, namespace: default }',
    '',
  ].join('\n');
}

function restart(found: InitInput['survey']['restart']): readonly string[] {
  const head = '# Restarts the server, or starts it when it is down, and returns when that is done.';
  if (found === null) return [head, "# restart: [pg_ctlcluster, '17', main, restart]"];
  const line = `restart: ${list(found.argv)}`;
  const because = `# Found: ${oneLine(found.because)}.`;
  return found.sure
    ? [head, because, line]
    : [head, `${because} Try it out before you take the mark away.`, `# ${line}`];
}
