/** Measurements in figures. */
import { expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { countingSamples } from '../../metrics/checks.ts';
import { aSample } from '../probes/builders.ts';

it('those of a check that is only tried out are marked, and nobody else has the label', async () => {
  const registry = new Registry();
  const record = countingSamples(async () => undefined, registry);
  await record('db', 'c1', [aSample({ check: 'a/b' }), aSample({ check: 'a/c', mark: 'fail', shadow: true })]);
  const text = await registry.metrics();
  expect(text).toContain('knowngood_check_samples_total{target="db",check="a/b",result="pass"} 1');
  expect(text).toContain('knowngood_check_samples_total{target="db",check="a/c",shadow="true",result="fail"} 1');
});
