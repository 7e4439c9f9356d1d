/** Checks as they are written and what becomes of them; every YAML of docs/checks.md among them. */
import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
import { parseProbeConfig } from '../../config/probe.ts';

function parse(check: string, more = '') {
  const text = `targets: { db: { connection: 'postgresql://u@10.0.0.5/d'${more} } }\ndependents:\n  shop: { uses: db, checks: { a: ${check} } }\n`;
  return parseKnowngoodConfig(text, 'knowngood.yaml');
}

function specOf(check: string) {
  const parsed = parse(check);
  if (parsed.kind === 'invalid') throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  return parsed.value.dependents[0]?.checks[0];
}

function problemsOf(check: string): readonly string[] {
  const parsed = parse(check);
  return parsed.kind === 'invalid' ? parsed.problems.map(({ message }) => message) : [];
}

it('reads every example of docs/checks.md', async () => {
  const text = await readFile(new URL('../../docs/checks.md', import.meta.url), 'utf8');
  const examples = [...text.matchAll(/```yaml\n(targets:[\s\S]*?)```/g)].map(([, yaml]) => yaml ?? '');
  expect(examples.length).toBeGreaterThan(0);
  for (const yaml of examples) expect(parseKnowngoodConfig(yaml, 'knowngood.yaml')).toMatchObject({ kind: 'ok' });
});

describe('grpc', () => {
  it('is filled in', () => {
    expect(specOf('{ grpc: { address: "images:9090" } }')).toMatchObject({
      kind: 'grpc',
      host: 'images',
      port: 9090,
      service: '',
      tls: null,
      metadata: {},
    });
    expect(specOf('{ grpc: { address: "[::1]:9090", service: shop.Images, tls: true } }')).toMatchObject({
      host: '::1',
      port: 9090,
      service: 'shop.Images',
      tls: { ca: null, serverName: null },
    });
  });

  it('wants an address, and no literal secret', () => {
    expect(problemsOf('{ grpc: { address: images } }')).toHaveLength(1);
    expect(problemsOf('{ grpc: { address: "images:99999" } }')).toHaveLength(1);
    expect(problemsOf('{ grpc: { address: "images:1", metadata: { authorization: Bearer abc } } }')).toHaveLength(1);
  });
});

describe('prometheus', () => {
  const written = (more: string): string => `{ prometheus: { url: 'http://p:9090', query: up${more} } }`;

  it('is filled in', () =>
    expect(specOf(written(', baseline: { worse: higher, plus: 0.1 }'))).toMatchObject({
      kind: 'prometheus',
      min: null,
      max: null,
      comparison: { worse: 'higher', factor: 2, plus: 0.1, samples: 20, forMs: 120_000 },
      windowMs: 1_800_000,
    }));

  it('wants something to judge by, and enough of it', () => {
    expect(problemsOf(written(', max: 1'))).toEqual([]);
    expect(problemsOf(written(''))).toHaveLength(1);
    expect(problemsOf(written(', baseline: { worse: higher, plus: 0, samples: 15 }'))).toHaveLength(1);
    expect(problemsOf(written(', baseline: { worse: higher, plus: 0, factor: 0.5 }'))).toHaveLength(1);
    expect(problemsOf(written(', baseline: { worse: higher }'))).toEqual([
      expect.stringMatching(/ dependents\.shop\.checks\.a\.prometheus\.baseline: needs "plus"$/),
    ]);
    expect(problemsOf(written(', baseline: { worse: lower }'))).toEqual([]);
    expect(problemsOf(written(', baseline: { factor: 2 }'))).toHaveLength(1);
  });
});

describe('latency', () => {
  const tcp = (more: string): string => `{ tcp: { port: 1 }, ${more} }`;

  it('is compared by what people call slow', () => {
    expect(specOf(tcp('latency: true'))).toMatchObject({
      latency: { worse: 'higher', factor: 2, plus: 20, samples: 30, forMs: 60_000 },
    });
    expect(specOf(tcp('latency: { factor: 3, plus: 5ms, samples: 16, for: 0s }'))).toMatchObject({
      latency: { worse: 'higher', factor: 3, plus: 5, samples: 16, forMs: 0 },
    });
    for (const none of ['latency: false', 'interval: 1s']) expect(specOf(tcp(none))).not.toHaveProperty('latency');
  });

  it('is refused where it could not tell, or would tell of Prometheus', () => {
    expect(problemsOf(tcp('latency: { samples: 15 }'))).toHaveLength(1);
    expect(problemsOf(tcp('latency: { samples: 61 }'))).toHaveLength(1);
    expect(problemsOf(tcp('latency: { worse: lower }'))).toHaveLength(1);
    expect(problemsOf('{ prometheus: { url: "http://p:9090", query: up, max: 1 }, latency: true }')).toEqual([
      expect.stringMatching(/ dependents\.shop\.checks\.a\.latency: would time Prometheus itself$/),
    ]);
  });
});

describe('what a failing check brings', () => {
  const tcp = (more: string): string => `{ tcp: { port: 1 }, ${more} }`;

  for (const [written, want] of [
    ['interval: 1s', { level: 'required' }],
    ['onFail: revert', { level: 'required' }],
    ['onFail: hold', { level: 'required', onFail: 'hold' }],
    ['level: required, onFail: hold', { level: 'required', onFail: 'hold' }],
    ['onFail: notify', { level: 'advisory', onFail: 'notify' }],
    ['level: advisory', { level: 'advisory' }],
    ['level: required, shadow: true', { level: 'advisory', shadow: true }],
    ['onFail: hold, shadow: true', { level: 'advisory', onFail: 'hold', shadow: true }],
    ['shadow: false', { level: 'required' }],
  ] as const)
    it(`is filled in of ${written}`, () => {
      const { level, onFail, shadow } = specOf(tcp(written))!;
      expect(JSON.parse(JSON.stringify({ level, onFail, shadow }))).toEqual(want);
    });

  for (const written of [
    'level: advisory, onFail: revert',
    'level: advisory, onFail: hold',
    'level: required, onFail: notify',
    'level: advisory, shadow: true',
    'onFail: page',
  ])
    it(`is not ${written}`, () => expect(problemsOf(tcp(written))).toHaveLength(1));
});

describe('command', () => {
  it('is a name, and never a program', () => {
    expect(specOf('{ command: { name: smoke } }')).toMatchObject({ kind: 'command', command: 'smoke' });
    expect(problemsOf('{ command: { name: /bin/sh } }')).toHaveLength(1);
    expect(problemsOf('{ command: { name: smoke, run: [/bin/sh] } }')).toHaveLength(1);
  });

  it('runs what probe.yaml says', () => {
    expect(parseProbeConfig('commands: { smoke: { run: [/bin/true, -x] } }', 'probe.yaml')).toMatchObject({
      kind: 'ok',
      value: { commands: { smoke: ['/bin/true', '-x'] } },
    });
    for (const wrong of ['commands: { smoke: { run: /bin/true } }', 'commands: { smoke: { run: [] } }', 'command: {}'])
      expect(parseProbeConfig(wrong, 'probe.yaml')).toMatchObject({ kind: 'invalid' });
  });
});
