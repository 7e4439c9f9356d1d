/** How GitLab is told: variables for later jobs (dotenv), and findings for the merge request (Code Quality). Pure. */
import { createHash } from 'node:crypto';
import type { Note } from './told.ts';

/** `change-id` becomes `KNOWNGOOD_CHANGE_ID`. The values are plain words: dotenv knows no quoting. */
export function dotenv(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `KNOWNGOOD_${name.toUpperCase().replaceAll('-', '_')}=${value}\n`)
    .join('');
}

const severities = { error: 'critical', warning: 'major', notice: 'info' } as const;

/** `path`: the file that a finding is shown at; GitLab wants one. What only went well is no finding. */
export function codeQuality(notes: readonly Note[], path: string): string {
  const findings = notes
    .filter(({ level }) => level !== 'notice')
    .map(({ level, title, text, code }) => ({
      description: `${title}: ${text}`,
      check_name: code,
      fingerprint: createHash('sha256')
        .update(JSON.stringify([path, code, text]))
        .digest('hex'),
      severity: severities[level],
      location: { path, lines: { begin: 1 } },
    }));
  return `${JSON.stringify(findings, null, 2)}\n`;
}
