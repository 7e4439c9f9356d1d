/** docs/configuration.md is what the shapes say. Run with KNOWNGOOD_UPDATE=1 to write it anew. */
import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { format } from 'prettier';
import { parseAgentConfig } from '../../config/agent.ts';
import { jsonSchemas } from '../../config/json-schemas.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
import { type Schema, configurationReference } from '../../config/reference.ts';

it('the reference is current', async () => {
  const path = new URL('../../docs/configuration.md', import.meta.url);
  const text = await format(configurationReference(), { parser: 'markdown', printWidth: 120 });
  if (process.env['KNOWNGOOD_UPDATE'] === '1') await writeFile(path, text);
  expect(await readFile(path, 'utf8')).toBe(text);
});

it('tells what each key means', () => {
  const rows = configurationReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(150);
  expect(rows.filter((line) => /\| *\|$/.test(line))).toEqual([]);
});

/** Every kind of thing once, with what it must have and nothing else. */
const leastKnowngood = {
  defaults: { drift: {}, neverReopen: {} },
  targets: { a: { connection: 'postgresql://u@h/d' } },
  dependents: {
    s: {
      uses: 'a',
      access: [{ user: 'u', database: 'd' }],
      checks: {
        h: { http: { url: 'http://h' } },
        t: { tcp: {} },
        q: { sql: { as: 'u' } },
        g: { grpc: { address: 'h:1' } },
        p: { prometheus: { url: 'http://h', query: 'up', baseline: { worse: 'lower' } } },
        c: { command: { name: 'c' } },
      },
    },
  },
  teams: { t: { notify: [{ email: { to: 'a@b.c' } }, { pagerduty: { routingKey: '${env:A}' }, severity: 'info' }] } },
  notifications: { smtp: { host: 'h', from: 'a@b.c' }, escalation: [{ tell: ['t'] }] },
  store: { connection: 'postgresql://u@h/d' },
};
const leastAgent = {
  target: 'a',
  connection: 'postgresql://u@h/d',
  commands: { c: { run: ['r'] } },
  allow: {},
  neverReopen: {},
};

it.each([
  ['knowngood', parseKnowngoodConfig, leastKnowngood],
  ['agent', parseAgentConfig, leastAgent],
] as const)('names the defaults of %s.yaml as they are: writing them out changes nothing', (name, parse, least) => {
  const schema = JSON.parse(jsonSchemas()[`${name}.schema.json`] ?? '') as Schema;
  const read = (value: unknown) => parse(JSON.stringify(value), 'a.yaml', {});
  const written = withDefaults(schema, least);
  expect(JSON.stringify(written).length).toBeGreaterThan(JSON.stringify(least).length + 150);
  expect(read(written)).toEqual(read(least));
  expect(read(least)).toMatchObject({ kind: 'ok' });
});

/** `value` with each default that the schema names, and the maps that need nothing. Defaults in `<…>` are told, not taken. */
function withDefaults(schema: Schema, value: unknown): unknown {
  const { items, properties, additionalProperties, anyOf = [] } = schema;
  if (Array.isArray(value)) return items === undefined ? value : value.map((one) => withDefaults(items, one));
  if (typeof value !== 'object' || value === null) return value;
  if (additionalProperties)
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, withDefaults(additionalProperties, one)]),
    );
  if (properties === undefined) return anyOf.reduce<unknown>((all, one) => withDefaults(one, all), value);
  const given = value as Readonly<Record<string, unknown>>;
  const entries = Object.entries(properties).map(([key, one]) => [key, given[key] ?? usualOf(one)] as const);
  return Object.fromEntries(
    entries.flatMap(([key, one]) => (one === undefined ? [] : [[key, withDefaults(properties[key] ?? {}, one)]])),
  );
}

function usualOf(schema: Schema): unknown {
  const { default: usual, properties, required = [] } = schema;
  if (typeof usual === 'string' && usual.includes('<')) return undefined;
  if (usual !== undefined) return usual;
  return properties !== undefined && required.length === 0 && namesDefaults(schema) ? {} : undefined;
}

function namesDefaults({ properties = {} }: Schema): boolean {
  return Object.values(properties).some((one) => one.default !== undefined || namesDefaults(one));
}
