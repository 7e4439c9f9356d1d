/** An SSH agent in this process: it holds private keys, answers on a socket of its own, and counts what it was asked to sign. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';

export interface SshAgent {
  readonly socketPath: string;
  signed(): number;
  stop(): Promise<void>;
}

/** `refuses`: as an agent whose owner says no (`ssh-add -c`). */
export async function startSshAgent(keys: readonly ParsedKey[], { refuses = false } = {}): Promise<SshAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'knowngood-ssh-'));
  const socketPath = join(folder, 'agent');
  let signed = 0;
  const server = createServer((socket) => {
    const agent = new ssh2.AgentProtocol(false);
    agent.on('identities', (request) => agent.getIdentitiesReply(request, [...keys]));
    agent.on('sign', (request, wanted, data) => {
      const key = keys.find((one) => one.getPublicSSH().equals(wanted.getPublicSSH()));
      if (key === undefined || refuses) return agent.failureReply(request);
      signed += 1;
      agent.signReply(request, key.sign(data));
    });
    socket.pipe(agent).pipe(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socketPath,
    signed: () => signed,
    stop: async () => {
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A new key pair: the private key as a file holds it, and the public line. */
export function aKeyPair(
  type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519',
  { comment = 'a test', passphrase = '' } = {},
): { readonly file: string; readonly line: string; readonly key: ParsedKey } {
  const lock = passphrase === '' ? {} : { passphrase, cipher: 'aes256-ctr' as const, rounds: 16 };
  const pair =
    type === 'ed25519'
      ? ssh2.utils.generateKeyPairSync('ed25519', { comment, ...lock })
      : type === 'ecdsa'
        ? ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, comment })
        : ssh2.utils.generateKeyPairSync('rsa', { bits: 2048, comment });
  const key = ssh2.utils.parseKey(pair.private, passphrase === '' ? undefined : passphrase);
  if (key instanceof Error) throw key;
  return { file: pair.private, line: pair.public, key };
}
