/** The change that every target gets: a setting and a rule, by reload. */
import type { ConfigChange } from '../../domain/change.ts';

export const aChange: ConfigChange = {
  kind: 'config',
  settings: { work_mem: '8MB' },
  hba: [{ add: 'host all reporting 10.9.0.0/16 scram-sha-256' }],
};
