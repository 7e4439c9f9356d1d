/** Text for people: secrets replaced by fingerprints, everything else as it stands. */
import { parseConf } from '../conf/conf-file.ts';
import { tokeniseHba } from '../hba/tokens.ts';
import { holdsLiteralSecret } from '../secrets.ts';
import { holdsSecret } from '../conf/settings.ts';
import type { FileRole } from '../snapshot.ts';

/** A keyed fingerprint: equal secrets have equal ones, and nobody without the key can guess. */
export type Fingerprint = (secret: string) => string;

export interface Redacted {
  readonly text: string;
  /** Something was replaced: the file's digest must be a keyed one. */
  readonly secret: boolean;
}

export function redact(role: FileRole, content: string, versionNum: number, fingerprint: Fingerprint): Redacted {
  const shown = (secret: string): string => `<secret ${fingerprint(secret)}>`;
  if (role === 'secret' || content.includes('PRIVATE KEY-----')) return { text: shown(content), secret: true };
  if (role === 'tls') return { text: content, secret: false };
  const lines = content.split('\n');
  const redacted = [...lines];
  if (role === 'main' || role === 'include' || role === 'auto') {
    for (const line of parseConf(content))
      if (line.kind === 'setting' && line.value !== '' && (holdsSecret(line.name) || holdsLiteralSecret(line.value)))
        redacted[line.line - 1] = `${line.name} = '${shown(line.value)}'`;
  } else if (role === 'hba' || role === 'ident' || role === 'auth-list') {
    for (const { from, to, fields } of tokeniseHba(content, versionNum)) {
      const words = fields.map((field) => field.map(({ text }) => text).join(','));
      if (!words.some((word) => hbaSecret.test(word))) continue;
      redacted.splice(from - 1, to - from + 1, ...Array.from({ length: to - from + 1 }, () => ''));
      redacted[from - 1] = words
        .map((word) => word.replace(hbaSecret, (_, name: string, value: string) => `${name}=${shown(value)}`))
        .join(' ');
    }
  } else {
    lines.forEach((line, i) => {
      const [, name = '', value = ''] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*)$/.exec(line) ?? [];
      if (environmentSecret.test(name)) redacted[i] = `${name} = '${shown(value)}'`;
    });
  }
  // Comments and whatever could not be parsed: they are stored and shown all the same.
  redacted.forEach((line, i) => {
    if (line === lines[i] && holdsLiteralSecret(line)) redacted[i] = `# ${shown(line)}`;
  });
  const text = redacted.join('\n');
  return { text, secret: text !== content };
}

const hbaSecret = /^(ldapbindpasswd|radiussecrets)=([^]*)$/;
const environmentSecret = /pass|secret|token|credential|(^|_)key($|_)/i;
