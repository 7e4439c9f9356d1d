/** What a secret looks like where none may stand: references, settings that hold secrets, literal passwords in text. Pure. */

/** One whole reference: `${env:NAME}` or `${file:/absolute/path}`. */
export const referencePattern = /^\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:\/[^}\s]+)\}$/;
export const referenceAnywhere = /\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:\/[^}\s]+)\}/g;
export const referenceForm = 'Write a reference: "${env:NAME}" or "${file:/run/secrets/name}".';

/** Settings whose value is a secret, or regularly carries one: they never travel in a request. */
const secretSettings: ReadonlySet<string> = new Set(['primary_conninfo', 'ssl_passphrase_command']);

export function isSecretSetting(name: string): boolean {
  return secretSettings.has(name.toLowerCase());
}

const literals = [
  // PGPASSWORD and sslpassword among them, quotes doubled as in postgresql.conf; a reference is none, in quotes or not.
  /password\s*=\s*['"]*(?!\$\{(?:env:|file:\/)[^}\s]*\})[^\s'"#]/i,
  /\bpassword\s+'[^\s']/i,
  /\b(?:ldapbindpasswd|radiussecrets)\s*=\s*"?[^\s"]/i,
  /\bpostgres(?:ql)?:\/\/[^\s:@/]*:[^\s@/]+@/i,
  /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/,
];

/** Whether text holds a literal password or private key. Comments count: they are stored and shown all the same. */
export function holdsLiteralSecret(text: string): boolean {
  return literals.some((literal) => literal.test(text));
}

/**
 * Whether SQL seems to hold a password: seen before it is sent, without a parser, so in doubt it does. GRANT and REVOKE
 * hold no values; a column may well be named so.
 */
export function setsPassword(sql: string): boolean {
  return /\bpassword\b/i.test(sql) && /['$]/.test(sql) && !/^\s*(grant|revoke)\b/i.test(sql);
}
