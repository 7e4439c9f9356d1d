/** What a process of Knowngood counts, under one roof: its own figures and those of the process itself. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export type Role = 'worker' | 'probe' | 'agent';

export function openRegistry(role: Role, version: string): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'knowngood_build_info',
    help: 'Which part of Knowngood this is, and of which version. Always 1.',
    labelNames: ['role', 'version'],
    registers: [registry],
  }).set({ role, version }, 1);
  return registry;
}
