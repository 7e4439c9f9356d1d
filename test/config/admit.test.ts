/** Which requests are let in, and what is said to the others. */
import { describe, expect, it } from '@jest/globals';
import { admit } from '../../config/admit.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';

const parsed = parseKnowngoodConfig(
  `
targets:
  shop-db: { connection: postgresql://u@h/d }
  other-db: { connection: postgresql://u@h/d }
dependents:
  shop: { uses: shop-db, checks: { port: { tcp: {} } } }
  cart: { uses: other-db, checks: { port: { tcp: {} } } }
`,
  'knowngood.yaml',
);
if (parsed.kind === 'invalid') throw new Error('the fixture is invalid');
const config = parsed.value;

const aRequest = (bend: object = {}): object => ({
  target: 'shop-db',
  changeId: 'c-1',
  reason: 'because',
  requestedBy: 'kim@ops',
  change: { kind: 'config', settings: { work_mem: '64MB' } },
  ...bend,
});

const refusals = (request: unknown, workflowId?: string): string[] => {
  const admission = admit(config, request, workflowId);
  return admission.kind === 'admitted' ? [] : admission.problems.map(({ message }) => message);
};

describe('a good request', () => {
  it('comes in with the policy and the checks of its own target', () => {
    const admission = admit(config, aRequest(), 'knowngood:shop-db:c-1');
    expect(admission).toMatchObject({
      kind: 'admitted',
      change: { restart: 'forbidden', changeKind: 'config', what: '', notes: [] },
    });
    expect(admission).toMatchObject({
      change: { checks: [{ name: 'shop/port', host: 'h' }], policy: { soakMs: 600_000 } },
    });
  });

  it('says what is known of its checks beforehand, and lets no shadow declare access', () => {
    const shop = (check: string): object => {
      const read = parseKnowngoodConfig(
        `targets: { shop-db: { connection: postgresql://u@h/d } }\ndependents: { shop: { uses: shop-db, checks: { a: ${check} } } }\n`,
        'knowngood.yaml',
      );
      if (read.kind === 'invalid') throw new Error(read.problems[0]?.message);
      return admit(read.value, aRequest({ overrides: { soak: '2m' } }));
    };
    expect(shop('{ tcp: {}, latency: true }')).toMatchObject({
      change: { warnings: [expect.stringContaining('ends in a hold')] },
    });
    expect(shop('{ tcp: {}, latency: true, shadow: true }')).not.toHaveProperty('change.warnings');
    const login = 'sql: { as: u, source: 10.0.0.1 }';
    expect(shop(`{ ${login} }`)).toMatchObject({ change: { access: [{ user: 'u' }] } });
    expect(shop(`{ ${login}, shadow: true }`)).toMatchObject({ change: { access: [] } });
  });

  it('notes each override that changes something', () => {
    const overrides = { soak: '2m', lease: '10m', allowDirty: true, requireConfirm: false };
    expect(admit(config, aRequest({ overrides }))).toMatchObject({
      change: {
        notes: ['soak 2m instead of 10m', 'goes on from a dirty server'],
        policy: { soakMs: 120_000, allowDirty: true },
      },
    });
  });

  it('keeps the restart of a command or a pipeline open', () => {
    expect(admit(config, aRequest({ change: { kind: 'command', name: 'upgrade' } }))).toMatchObject({
      change: { restart: 'unknown', what: 'upgrade' },
    });
    expect(admit(config, aRequest({ change: { kind: 'external', description: 'apt' } }))).toMatchObject({
      change: { restart: 'unknown', what: 'apt' },
    });
  });
});

describe('a request that is refused', () => {
  for (const [name, request, want] of [
    ['is no object', 'hello', ['expected a mapping']],
    ['is nothing', undefined, ['expected a mapping']],
    ['names an unknown target', aRequest({ target: 'shop-bd' }), ['target: unknown target "shop-bd"']],
    [
      'names an inherited property as target',
      aRequest({ target: 'constructor' }),
      ['target: unknown target "constructor"'],
    ],
    ['has a change id that would break links', aRequest({ changeId: 'a/b' }), ['changeId: is not a valid name']],
    ['lacks a change', aRequest({ change: undefined }), ['"change" is missing']],
    [
      'has an unknown kind of change',
      aRequest({ change: { kind: 'sql' } }),
      ['change.kind: kind must be "config", "command" or "external"'],
    ],
    ['changes nothing', aRequest({ change: { kind: 'config' } }), ['change: changes nothing']],
    ['has an unknown key', aRequest({ sook: 1 }), ['unknown key "sook"']],
    [
      'has an unknown key in the change',
      aRequest({ change: { kind: 'config', setings: {} } }),
      ['change: unknown key "setings"'],
    ],
    [
      'leaves the configuration folder',
      aRequest({ change: { kind: 'config', files: { '../x': 'y' } } }),
      ['change.files.../x: leaves the configuration folder'],
    ],
    [
      'has a rule of two lines',
      aRequest({ change: { kind: 'config', hba: [{ add: 'local all all trust\nhost all all all trust' }] } }),
      ['change.hba[0].add: is more than one line'],
    ],
    [
      'adds and removes in one edit',
      aRequest({ change: { kind: 'config', hba: [{ add: 'a', remove: 'b' }] } }),
      ['change.hba[0]: needs exactly one of "add" and "remove"'],
    ],
    [
      'carries a secret setting',
      aRequest({ change: { kind: 'config', settings: { Primary_Conninfo: 'x' } } }),
      ['change.settings.Primary_Conninfo: holds a secret and does not travel in a request'],
    ],
    [
      'carries a password in a file',
      aRequest({ change: { kind: 'config', files: { 'a.conf': "x = 'host=a password=hunter2'" } } }),
      ['change.files.a.conf: holds a password or private key in plain text'],
    ],
    [
      'has a wrong duration',
      aRequest({ overrides: { soak: '10 min' } }),
      ['overrides.soak: "10 min" is not a duration'],
    ],
    [
      'has a setting name that is SQL',
      aRequest({ change: { kind: 'config', settings: { 'a; drop': 1 } } }),
      ['change.settings.a; drop: is not a setting name'],
    ],
    [
      'holds __proto__',
      JSON.parse('{"target":"shop-db","changeId":"a","change":{"kind":"config","settings":{"__proto__":{"x":1}}}}'),
      ['the request holds a key named "__proto__"'],
    ],
    [
      'is too large',
      aRequest({ change: { kind: 'config', files: { 'a.conf': 'ä'.repeat(17_000) } } }),
      ['the change is too large to travel inline'],
    ],
  ] as const) {
    it(name, () => expect(refusals(request)).toEqual(want));
  }

  it('comes under a workflow id that is not its own', () => {
    expect(refusals(aRequest(), 'my-own-id')).toEqual(['workflow id "my-own-id" does not belong to this change']);
  });

  it('never repeats a secret', () => {
    const request = aRequest({
      reason: 'password=hunter2',
      change: { kind: 'config', settings: { primary_conninfo: 'hunter2' } },
    });
    expect(JSON.stringify(admit(config, request))).not.toContain('hunter2');
  });
});
