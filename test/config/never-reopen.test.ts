/** What a revert leaves closed, as both files say it. */
import { describe, expect, it } from '@jest/globals';
import { parseAgentConfig } from '../../config/agent.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';

function policyOf(defaults: string, policy: string, target: string): unknown {
  const text = `
approvers: { kim: {} }
groups: { security: [kim] }
defaults: { ${defaults} }
policies: { production: { ${policy} } }
targets: { a: { connection: 'postgresql://u@h/d', policy: production${target === '' ? '' : `, ${target}`} } }
`;
  const parsed = parseKnowngoodConfig(text, 'k.yaml');
  return parsed.kind === 'ok' ? parsed.value.targets['a']?.policy.neverReopen : parsed.problems[0]?.message;
}

describe('knowngood.yaml', () => {
  it('closes rules without authentication where nothing is said', () =>
    expect(policyOf('', '', '')).toEqual({ roles: [], from: [], passwordless: true, approvedBy: null }));

  it('adds the lists up, so that no target takes anybody off', () =>
    expect(
      policyOf(
        'neverReopen: { roles: [vendor], passwordless: false }',
        'neverReopen: { from: [10.1.0.0/16], approvedBy: security }',
        'neverReopen: { roles: [vendor, intern] }',
      ),
    ).toEqual({ roles: ['vendor', 'intern'], from: ['10.1.0.0/16'], passwordless: false, approvedBy: 'security' }));

  for (const [name, said, problem] of [
    ['a host name', 'from: [db.example.com]', 'is not an address or a network such as 203.0.113.0/24'],
    ['a mask too long', 'from: [10.0.0.0/33]', 'is not an address or a network'],
    ['an expression', 'roles: [/^v]', 'begins with a slash'],
    ['a group that is none', 'approvedBy: dba', 'unknown group "dba"'],
  ] as const)
    it(`refuses ${name}`, () =>
      expect(policyOf('', `neverReopen: { ${said} }`, '')).toEqual(expect.stringContaining(problem)));
});

it('agent.yaml closes by itself what it declares, and nothing remote opens that without a key', () => {
  const own = (text: string): unknown => {
    const parsed = parseAgentConfig(`target: a\nconnection: postgresql://u@h/d\n${text}`, 'agent.yaml', {});
    return parsed.kind === 'ok' ? parsed.value.neverReopen : parsed.problems[0]?.message;
  };
  expect(own('')).toEqual({ roles: [], from: [], passwordless: true, declared: false, keys: [] });
  expect(own('neverReopen: { passwordless: true }')).toEqual(own(''));
  const vendor = { roles: ['vendor'], from: [], passwordless: true, declared: true, keys: [] };
  expect(own('neverReopen: { roles: [vendor] }')).toEqual(vendor);
  expect(own('neverReopen: { keys: [none] }')).toEqual(expect.stringContaining('neverReopen.keys[0]'));
});
