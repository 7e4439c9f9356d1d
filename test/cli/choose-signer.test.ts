/** Which key signs, and when a passphrase is asked for. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createColors } from 'picocolors';
import type { Io } from '../../cli/io.ts';
import { chooseSigner } from '../../cli/signing/choose-signer.ts';
import { fingerprintOf } from '../../signing/public-key.ts';
import { type SshAgent, aKeyPair, aLockedKeyPair, startSshAgent } from '../support/ssh-agent.ts';

const folder = mkdtempSync(join(tmpdir(), 'knowngood-sign-'));
const usual = aKeyPair();
const locked = aLockedKeyPair();
const [one, other] = [aKeyPair(), aKeyPair()];
const fingerprint = ({ key }: typeof one): string => fingerprintOf(key.getPublicSSH());
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};
const ioOf = (env: NodeJS.ProcessEnv, interactive = false): Io => ({
  out: () => undefined,
  err: () => undefined,
  env,
  interactive,
  live: false,
  colors: createColors(false),
});

let agent: SshAgent;
let empty: SshAgent;
beforeAll(async () => {
  mkdirSync(join(folder, '.ssh'));
  file('.ssh/id_ed25519', usual.file);
  agent = await startSshAgent([one.key, other.key, locked.key]);
  empty = await startSshAgent([]);
});
afterAll(async () => {
  await agent.stop();
  await empty.stop();
  rmSync(folder, { recursive: true });
});

describe('without a named key', () => {
  const chosen = async (env: NodeJS.ProcessEnv, listed: readonly string[] | null): Promise<string> =>
    (await chooseSigner(ioOf(env), undefined, listed === null ? null : new Set(listed))).publicKey.fingerprint;

  it('the one of the agent that is listed signs', async () => {
    const env = { HOME: folder, SSH_AUTH_SOCK: agent.socketPath };
    expect(await chosen(env, [fingerprint(other), fingerprint(usual)])).toBe(fingerprint(other));
  });
  it('the usual file signs, where the agent has none of those listed, none at all, or does not answer', async () => {
    for (const socket of [agent.socketPath, empty.socketPath, '/no/such/agent', undefined])
      expect(await chosen({ HOME: folder, SSH_AUTH_SOCK: socket }, [fingerprint(usual)])).toBe(fingerprint(usual));
  });
  it('nobody guesses among several', async () => {
    await expect(chosen({ HOME: folder, SSH_AUTH_SOCK: agent.socketPath }, null)).rejects.toThrow('3 keys');
  });
});

describe('a locked key file', () => {
  const path = (): string => file('locked', locked.file);
  const asked: string[] = [];
  const ask = (answer: string | null) => async (of: string) => {
    asked.push(of);
    return answer;
  };
  it('is opened by its passphrase, asked for on a terminal only', async () => {
    const signer = await chooseSigner(ioOf({}, true), path(), null, ask('correct horse'));
    expect(signer.publicKey.fingerprint).toBe(fingerprint(locked));
    expect(asked).toEqual([path()]);
    await expect(chooseSigner(ioOf({}), path(), null, ask('correct horse'))).rejects.toThrow('is locked');
    expect(asked).toHaveLength(1);
  });
  it('stays shut for a wrong passphrase, or none', async () => {
    await expect(chooseSigner(ioOf({}, true), path(), null, ask('wrong'))).rejects.toThrow('does not open it');
    await expect(chooseSigner(ioOf({}, true), path(), null, ask(null))).rejects.toThrow('nothing was signed');
  });
  it('is not asked for when an agent holds it', async () => {
    file('locked.pub', locked.line);
    const before = asked.length;
    const env = { SSH_AUTH_SOCK: agent.socketPath };
    const signer = await chooseSigner(ioOf(env, true), path(), null, ask(null));
    expect(signer.where).toBe('the agent');
    expect(asked).toHaveLength(before);
  });
});
