/** An SSH agent in this process: it holds private keys, answers on a socket of its own, and counts what it was asked to sign. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

export interface KeyPair {
  /** The private key as a file holds it. */
  readonly file: string;
  /** The public line. */
  readonly line: string;
  readonly key: ParsedKey;
}

export function aKeyPair(type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519', comment = 'a test'): KeyPair {
  const pair =
    type === 'ed25519'
      ? anEd25519Pair(comment)
      : type === 'ecdsa'
        ? ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, comment })
        : ssh2.utils.generateKeyPairSync('rsa', { bits: 2048, comment });
  return readable(pair.private, pair.public);
}

/** Of those that ssh2 1.17 makes, one in 128 lacks a byte: where the key or its public half begins with a zero. */
function anEd25519Pair(comment: string): { readonly private: string; readonly public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}

/** Made by OpenSSH: of those that ssh2 1.17 locks with a passphrase itself, one in 256 nobody can open again. */
export function aLockedKeyPair(): KeyPair {
  const fixture = (name: string): string =>
    readFileSync(new URL(`../signing/fixtures/${name}`, import.meta.url), 'utf8');
  return readable(fixture('locked'), fixture('locked.pub').trim(), 'correct horse');
}

function readable(file: string, line: string, passphrase?: string): KeyPair {
  const key = ssh2.utils.parseKey(file, passphrase);
  if (key instanceof Error) throw key;
  return { file, line, key };
}
