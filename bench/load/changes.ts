/** What the targets get, by reload: most of them a setting and a rule that harm nobody, some what locks their service out. */
import type { ConfigChange } from '../../domain/change.ts';
import { serviceRule } from './service.ts';

export const aChange: ConfigChange = {
  kind: 'config',
  settings: { work_mem: '8MB' },
  hba: [{ add: 'host all reporting 10.9.0.0/16 scram-sha-256' }],
};

export const denyingChange: ConfigChange = { kind: 'config', hba: [{ remove: serviceRule }] };
