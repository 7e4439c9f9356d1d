/** Which key signs: the one that was named, else the agent's, else the usual file. A passphrase is asked for on a terminal only. */
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isCancel, password } from '@clack/prompts';
import type { Problem } from '../../domain/problem.ts';
import type { PublicKey } from '../../signing/public-key.ts';
import { agentSigners, readKeyFile, type Signer } from '../../signing/signers.ts';
import type { Io } from '../io.ts';
import { stop } from '../stop.ts';

/** null: the person does not want to. */
export type AskPassphrase = (path: string) => Promise<string | null>;

/** `listed`: fingerprints that knowngood.yaml lists; null: there is none here to say, and the orchestrator's decides. */
export async function chooseSigner(
  io: Io,
  keyPath: string | undefined,
  listed: ReadonlySet<string> | null,
  ask: AskPassphrase = askOnTerminal,
): Promise<Signer> {
  if (keyPath !== undefined) return fromFile(io, keyPath, ask);
  const socketPath = io.env.SSH_AUTH_SOCK;
  const found = socketPath ? await agentSigners(socketPath) : [];
  const usual = join(io.env.HOME ?? homedir(), '.ssh', 'id_ed25519');
  const hasUsual = await access(usual).then(
    () => true,
    () => false,
  );
  if ('code' in found) {
    if (hasUsual) return fromFile(io, usual, ask);
    throw stop(found);
  }
  const usable = found.filter(({ publicKey }) => listed?.has(publicKey.fingerprint) ?? true);
  if (usable.length > 1) throw stop(several(usable));
  if (usable[0] !== undefined) return usable[0];
  if (hasUsual) return fromFile(io, usual, ask);
  throw stop({
    code: 'no-key',
    message: 'there is no key to sign with',
    detail:
      found.length === 0
        ? `Neither an SSH agent with an Ed25519 key, nor ${usual}.`
        : `The SSH agent has ${found.length} Ed25519 key(s), none of which knowngood.yaml lists.`,
    hint: 'Name one with --key FILE, or make one: ssh-keygen -t ed25519.',
  });
}

async function fromFile(io: Io, path: string, ask: AskPassphrase): Promise<Signer> {
  const read = await readKeyFile(path);
  switch (read.kind) {
    case 'signer':
      return read.signer;
    case 'refused':
      throw stop(read.problem);
    case 'public':
      return fromAgent(io, read.publicKey, path);
    case 'locked':
      return unlocked(io, path, read.publicKey, ask);
    default:
      return read satisfies never;
  }
}

async function fromAgent(io: Io, publicKey: PublicKey, path: string): Promise<Signer> {
  const signer = await inAgent(io, publicKey);
  if (signer !== null) return signer;
  throw stop({
    code: 'no-key',
    message: `${path} is a public key, and no SSH agent has its private half`,
    detail: `It is ${publicKey.fingerprint}.`,
    hint: 'Add it to the agent (ssh-add), or name the private key file.',
  });
}

async function inAgent(io: Io, { fingerprint }: PublicKey): Promise<Signer | null> {
  const socketPath = io.env.SSH_AUTH_SOCK;
  const found = socketPath ? await agentSigners(socketPath) : [];
  return 'code' in found ? null : (found.find(({ publicKey }) => publicKey.fingerprint === fingerprint) ?? null);
}

/** An agent that has been told the passphrase already is asked first. */
async function unlocked(io: Io, path: string, publicKey: PublicKey | null, ask: AskPassphrase): Promise<Signer> {
  const signer = publicKey === null ? null : await inAgent(io, publicKey);
  if (signer !== null) return signer;
  if (!io.interactive)
    throw stop({
      code: 'locked-key',
      message: `${path} is locked with a passphrase`,
      hint: 'Add it to an SSH agent (ssh-add), or sign on a terminal.',
    });
  const passphrase = await ask(path);
  if (passphrase === null) throw stop({ code: 'not-signed', message: 'nothing was signed' });
  const read = await readKeyFile(path, passphrase);
  if (read.kind === 'signer') return read.signer;
  throw stop(read.kind === 'refused' ? read.problem : { code: 'bad-key', message: `${path}: could not be opened` });
}

async function askOnTerminal(path: string): Promise<string | null> {
  const passphrase = await password({ message: `Passphrase of ${path}`, output: process.stderr });
  return isCancel(passphrase) ? null : passphrase;
}

function several(signers: readonly Signer[]): Problem {
  return {
    code: 'which-key',
    message: `the SSH agent has ${signers.length} keys that could sign`,
    detail: signers.map(({ publicKey, comment }) => `${publicKey.fingerprint} ${comment}`.trim()).join(', '),
    hint: 'Name one with --key FILE; its .pub file is enough.',
  };
}
