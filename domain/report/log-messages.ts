/**
 * Which of a PostgreSQL server's messages are evidence, and what of them is shown: those about access, configuration and
 * its own coming and going, by their whole wording. Whatever else it prints may hold a row's value or a secret, and is
 * none. Pure. Whoever connects, and any function's RAISE, chooses what such a message quotes: only what looks like a
 * name is shown.
 */
import { isSecretSetting } from '../secrets.ts';

/** What may stand in a gap, by kind; anything else becomes an ellipsis. */
const shapes = {
  // A card's or an account's number is no name; nobody's name is longer than NAMEDATALEN allows.
  name: /^(?!.*\d{9})[A-Za-z_][\w$.@-]{0,62}$/,
  setting: /^[A-Za-z_]\w{0,62}(?:\.\w{1,63})?$/,
  host: /^(?:\[local\]|[\w.:%-]{1,100})$/,
  file: /^(?!.*\d{9})(?:[\w.@+-]|\/(?!\/)){1,150}$/,
  // The fields of a rule, never its options: an LDAP server's password is one.
  rule: /^(?:local|host(?:(?:no)?(?:ssl|gssenc))?)(?: +[\w.,@/:+-]{1,63}){3,5}$/,
  // One or more words, numbers and units.
  setTo: /^[\w .,:/*%[\]+-]{0,100}$/,
  // As strerror has it.
  why: /^(?:Address already in use|Broken pipe|Cannot assign requested address|Connection (?:refused|reset by peer|timed out)|Is a directory|No route to host|No space left on device|No such file or directory|Not a directory|Operation not permitted|Permission denied|Success|Too many open files)$/,
  rest: /^$/,
} as const;

type Shape = keyof typeof shapes;

/** A longer one is none of these, and a pattern with gaps takes long to refuse it. */
const longestMessage = 1_000;

const objectKinds =
  'aggregate|collation|column|conversion|database|domain|event trigger|extension|foreign server|foreign table|' +
  'foreign-data wrapper|function|index|language|large object|materialized view|operator|operator class|' +
  'operator family|parameter|policy|procedure|publication|relation|routine|schema|sequence|statistics object|' +
  'subscription|table|tablespace|text search configuration|text search dictionary|type|view';

const authentication =
  '"trust"|BSD|certificate|GSSAPI|Ident|LDAP|OAuth bearer|PAM|password|Peer|RADIUS|SCRAM-SHA-256|SSPI';

// Quoted or not, as the version has it.
const ofObject = `(?:${objectKinds})(?: "<name>"| <name>)(?: of relation "<name>")?`;

const processes =
  'archiver|autovacuum launcher|autovacuum worker|background writer|checkpointer|logger|server|startup|' +
  'WAL receiver|WAL sender|WAL summarizer|WAL writer|walreceiver|walwriter|slotsync worker|io worker';

const timestamp = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d \\S{1,10}';

/** Sources of patterns of whole messages; `<name>` is a gap, quoted where the server quotes it. */
const messages: readonly string[] = [
  // Who gets in.
  'no pg_hba\\.conf entry(?: for (?:replication connection from )?host "<host>"(?:, user "<name>"(?:, database "<name>")?(?:, (?:no|SSL|GSS) encryption|, SSL o(?:n|ff))?)?)?',
  'pg_hba\\.conf rejects (?:replication )?connection for host "<host>", user "<name>"(?:, database "<name>")?(?:, (?:no|SSL|GSS) encryption|, SSL o(?:n|ff))?',
  `(?:(?:${authentication}) )?authentication failed for user "<name>"(?:: host rejected|: invalid authentication method)?`,
  'certificate authentication failed for user "<name>": client certificate contains no user name',
  'connection requires a valid client certificate',
  'no PostgreSQL user name specified in startup packet',
  'role "<name>" (?:does not exist|already exists|is not permitted to log in|cannot be dropped because some objects depend on it)',
  'database "<name>" (?:does not exist|already exists|is not currently accepting connections|is being accessed by other users)',
  'cannot connect to (?:invalid database|template database) "<name>"',
  'too many connections(?: for (?:role|database) "<name>")?',
  'sorry, too many clients already',
  'number of requested standby connections exceeds max_wal_senders <rest>',
  'remaining connection slots are reserved for (?:non-replication superuser connections|(?:roles with the )?SUPERUSER(?: attribute)?|roles with (?:the SUPERUSER attribute|privileges of the "pg_use_reserved_connections" role))',
  'canceling authentication due to timeout',
  `permission denied for ${ofObject}`,
  'permission denied to (?:set (?:parameter|role|session authorization) "<name>"|(?:alter|cancel|create|drop|examine|grant|rename|reassign|revoke|set|start|terminate)\\b<rest>)',
  `must be owner of ${ofObject}`,
  'must be (?:superuser|able to SET ROLE|a? ?member of(?: role)?|have)\\b<rest>',

  // How it is configured.
  'received SIGHUP, reloading configuration files',
  'parameter "<setting>" changed to "<setTo>"',
  'parameter "<setting>" removed from configuration file, reset to default',
  'parameter "<setting>" cannot be (?:changed(?: without restarting the server| now)?|set (?:after connection start|locally in functions|within security-definer function))',
  'configuration file "<file>" contains (?:errors|no entries)(?:; (?:unaffected|no) changes were applied)?',
  '<file> was not reloaded',
  'SSL configuration was not reloaded',
  'unrecognized configuration parameter "<setting>"(?: in file "<file>" line \\d{1,9})?',
  'invalid configuration parameter name "<setting>"(?: in file "<file>" line \\d{1,9})?',
  'invalid value for parameter "<setting>": "<rest>"',
  'parameter "<setting>" requires a (?:Boolean|numeric|integer) value',
  '-?\\d[\\d.]{0,20}(?: [A-Za-z]{1,3})? is outside the valid range for parameter "<setting>" \\([-\\d. A-Za-z]{1,60}\\)',
  'syntax error in file "<file>" line \\d{1,9}, near (?:token "<rest>"|end of line)',
  'too many syntax errors found, abandoning file "<file>"',
  'skipping missing configuration (?:file|directory) "<file>"',
  'could not (?:load|open|access|read|stat|create|link) (?:(?:configuration|lock|certificate|private key|root certificate|secondary authentication|server certificate|usermap|included authentication|certificate revocation list) )?(?:file|directory|library) "<file>"(?: as "<file>")?(?:: <why>)?',
  'could not (?:load|open) (?:pg_hba\\.conf|pg_ident\\.conf|<file>)(?:: <why>)?',
  'private key file "<file>" (?:has group or world access|must be owned by the database user or root)',
  'invalid (?:connection type|authentication method|IP mask|IP address) "<rest>"<rest>',
  'invalid CIDR mask in address "<rest>"',
  'specifying both host name and CIDR mask is invalid: "<rest>"',
  'IP address and mask do not match',
  'end-of-line before (?:database|role|IP address|netmask|authentication method|ident\\w*)(?: specification)?',
  'host(?:ssl|nossl|gssenc|nogssenc) record cannot match because (?:SSL is disabled|SSL is not supported by this build|GSSAPI is not supported by this build)',
  'multiple values (?:specified for (?:connection type|host address|netmask|authentication type)|in ident field)',
  'missing entry at end of line',
  'unrecognized authentication option name: "<rest>"',
  'authentication option (?:"<rest>" is only valid for authentication methods <rest>|not in name=value format: <rest>)',
  'authentication method "<name>" requires argument "<name>" to be set',
  '(?:gssapi|peer|cert|ident) authentication is (?:only|not) supported on (?:local sockets|hostssl connections|local connections)',
  'authentication file (?:line|token) too long(?:, skipping(?:: "<rest>")?)?',

  // When it comes and goes.
  'starting PostgreSQL \\d{1,2}(?:\\.\\d{1,3}|(?:devel|beta|rc)\\d?)<rest>',
  'listening on (?:IPv4|IPv6) address "<host>", port \\d{1,5}',
  'listening on Unix socket "<file>"',
  'could not bind (?:IPv4|IPv6) address "<host>": <why>',
  'could not create (?:listen socket for "<rest>"|any (?:TCP/IP|Unix-domain) sockets)',
  'received (?:fast|smart|immediate) shutdown request',
  'received promote request',
  'aborting any active transactions',
  'shutting down',
  `database system was (?:shut down(?: in recovery)?|interrupted(?: while in recovery)?)(?: at (?:log time )?${timestamp})?`,
  `database system (?:was interrupted; last known up|shutdown was interrupted; last known up) at ${timestamp}`,
  'database system was not properly shut down; automatic recovery in progress',
  'database system is (?:ready to accept (?:connections|read-only connections|read only connections)|shut down|starting up|shutting down)',
  'the database system is (?:starting up|shutting down|in recovery mode|not (?:yet )?accepting connections)',
  'abnormal database system shutdown',
  'all server processes terminated; reinitializing',
  'terminating any other active server processes',
  'terminating connection (?:due to (?:administrator command|conflict with recovery|idle-in-transaction timeout|idle-session timeout|transaction timeout|unexpected postmaster exit)|because of (?:crash of another server process|unexpected SIGQUIT signal))',
  'terminating (?:walreceiver|autovacuum|walsender|logical replication worker|background worker "<name>")(?: process)? due to administrator command',
  'canceling statement due to (?:user request|statement timeout|lock timeout|conflict with recovery)',
  `(?:${processes}|background worker "<name>")(?: process)? \\(PID \\d{1,10}\\) (?:was terminated by signal \\d{1,3}(?:: [A-Z][a-z ]{1,30})?|exited with exit code \\d{1,3})`,
  'entering standby mode',
  'starting (?:archive|point-in-time|backup) recovery<rest>',
  'recovery (?:has paused|aborted because of insufficient parameter settings|stopping (?:before|after)\\b<rest>)',
  'hot standby is not possible because of insufficient parameter settings',
  'consistent recovery state reached at [0-9A-F]{1,8}/[0-9A-F]{1,8}',
  'redo (?:starts at [0-9A-F]{1,8}/[0-9A-F]{1,8}|done at [0-9A-F]{1,8}/[0-9A-F]{1,8}<rest>|is not required)',
  'invalid record length at [0-9A-F]{1,8}/[0-9A-F]{1,8}: <rest>',
  'selected new timeline ID: \\d{1,10}',
  'archive recovery complete',
  'started streaming WAL from primary at [0-9A-F]{1,8}/[0-9A-F]{1,8} on timeline \\d{1,10}',
  'replication terminated by primary server',

  // How the way to it breaks.
  'could not (?:accept SSL connection|connect to the primary server|receive data from (?:client|WAL stream)|send data to client|initialize SSL connection)(?:: <why>)?',
  'connection to client lost',
  'unexpected EOF on client connection(?: with an open transaction)?',
  '(?:incomplete startup packet|invalid length of startup packet)',
  'unsupported frontend protocol \\d{1,5}\\.\\d{1,5}: server supports \\d\\.\\d to \\d\\.\\d',
];

/** Of a message's detail, those that say by which rule it came to it. */
const details: readonly string[] = [
  'Connection matched (?:file "<file>"|<file>) line \\d{1,9}: "<rule>"',
  'Role "<name>" does not exist\\.',
  'Password does not match for user "<name>"\\.',
  'User "<name>" (?:has no password assigned|has an expired password|does not have a valid SCRAM secret)\\.',
];

interface Message {
  readonly pattern: RegExp;
  /** What may stand in its gaps, in their order. */
  readonly gaps: readonly Shape[];
}

function messageOf(source: string): Message {
  const gaps: Shape[] = [];
  const pattern = source.replace(/<([a-zA-Z]+)>/g, (_, gap: Shape) => {
    gaps.push(gap);
    // What is quoted may hold quotes: a gap goes on until the server's next words fit, to the end of the message.
    return '(.*?)';
  });
  return { pattern: new RegExp(`^${pattern}$`, 'd'), gaps };
}

const all = messages.map(messageOf);
const allDetails = details.map(messageOf);

/** Its words with an ellipsis for each that could be anything; null: it is no evidence. */
export function tellingWords({ level, text }: { readonly level: string; readonly text: string }): string | null {
  if (text.length > longestMessage) return null;
  for (const { pattern, gaps } of level === 'DETAIL' ? allDetails : all) {
    const match = pattern.exec(text);
    if (match !== null) return filled(text, match, gaps);
  }
  return null;
}

function filled(text: string, match: RegExpExecArray, gaps: readonly Shape[]): string {
  const isHidden = holdsAnything(match, gaps);
  let shown = '';
  let done = 0;
  gaps.forEach((gap, index) => {
    const place = match.indices?.[index + 1];
    // Of a part that the version, or the case, leaves out.
    if (place === undefined) return;
    const [from, until] = place;
    const said = text.slice(from, until);
    const isPlain = shapes[gap].test(said) && !(gap === 'setTo' && isHidden);
    shown += `${text.slice(done, from)}${isPlain ? said : '…'}`;
    done = until;
  });
  return shown + text.slice(done);
}

/** Settings that hold secrets and command lines; of an extension's, nobody knows. */
function holdsAnything(match: RegExpExecArray, gaps: readonly Shape[]): boolean {
  const name = match[gaps.indexOf('setting') + 1] ?? '';
  return isSecretSetting(name) || name.includes('.') || /command|conninfo|passw|secret/i.test(name);
}
