/** Lines of the server's log about connections, in each of its three formats. Pure. */
import type { Sighting } from './observed.ts';

export type LogFormat = 'stderr' | 'csvlog' | 'jsonlog';

interface Line {
  /** '' when the line does not say. */
  readonly pid: string;
  /** Undefined: the line does not say; null: the socket. */
  readonly host?: string | null;
  readonly message: string;
}

/** A server that logs no end of a connection would fill it. */
const mostHosts = 5_000;

/** `hosts`: process id → where it comes from, as the line before told; kept from call to call. */
export function readConnections(text: string, format: LogFormat, hosts: Map<string, string>): readonly Sighting[] {
  const sightings: Sighting[] = [];
  for (const line of linesOf(text, format)) {
    const [, received] = /^connection received: host=(\S+)/.exec(line.message) ?? [];
    if (received !== undefined && line.pid !== '') {
      if (hosts.size >= mostHosts) hosts.clear();
      hosts.set(line.pid, received);
    }
    const sighting = authorized(line, hosts);
    if (sighting !== null) sightings.push(sighting);
  }
  return sightings;
}

function authorized(line: Line, hosts: Map<string, string>): Sighting | null {
  const [, kind, rest = ''] = /^(replication connection|connection) authorized: (user=.*)$/.exec(line.message) ?? [];
  if (kind === undefined) return null;
  const [, user = ''] = /^user=(.*?)(?= database=| application_name=| SSL enabled| GSS |$)/.exec(rest) ?? [];
  const [, database = ''] = / database=(.*?)(?= application_name=| SSL enabled| GSS |$)/.exec(rest) ?? [];
  const [, applicationName = ''] = / application_name=(.*?)(?= SSL enabled| GSS |$)/.exec(rest) ?? [];
  const host = line.host === undefined ? hosts.get(line.pid) : (line.host ?? '[local]');
  hosts.delete(line.pid);
  // From where it came nobody has said.
  if (host === undefined || user === '' || applicationName === 'knowngood agent') return null;
  const address = host === '[local]' ? null : host;
  // A name instead of an address (log_hostname): not what rules are about.
  if (address !== null && !/^[0-9a-f.:%]+$/i.test(address)) return null;
  const replication = kind === 'replication connection' && database === '';
  const tls = rest.includes(' SSL enabled');
  return { user, database, address, tls, replication, applicationName: applicationName.slice(0, 64), connections: 1 };
}

function linesOf(text: string, format: LogFormat): readonly Line[] {
  if (format === 'csvlog') return csvRows(text).flatMap(csvLine);
  const lines = text.split('\n').filter((line) => line !== '');
  return format === 'jsonlog' ? lines.flatMap(jsonLine) : lines.flatMap(stderrLine);
}

/** `log_line_prefix` says where the process id stands; the usual one has it in brackets. */
function stderrLine(line: string): readonly Line[] {
  const [, prefix = '', message] =
    /^(.*?)LOG: {2}((?:replication )?connection (?:received|authorized): .*)$/.exec(line) ?? [];
  if (message === undefined) return [];
  return [{ pid: /\[(\d+)(?:-\d+)?\]/.exec(prefix)?.[1] ?? '', message }];
}

function jsonLine(line: string): readonly Line[] {
  try {
    const { pid, remote_host: host, message } = JSON.parse(line) as Record<string, unknown>;
    if (typeof message !== 'string') return [];
    return [{ pid: String(pid), host: typeof host === 'string' ? host : '[local]', message }];
  } catch {
    return [];
  }
}

function csvLine(fields: readonly string[]): readonly Line[] {
  const [pid = '', from = ''] = [fields[3], fields[4]];
  const message = fields[13];
  if (message === undefined) return [];
  return [{ pid, host: from.replace(/:\d+$/, ''), message }];
}

function csvRows(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let fields: string[] = [];
  const pattern = /("(?:[^"]|"")*"|[^,\n]*)(,|\n|$)/g;
  for (const [, field = '', end] of text.matchAll(pattern)) {
    fields.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    if (end === ',') continue;
    rows.push(fields);
    fields = [];
    if (end === '') break;
  }
  return rows;
}
