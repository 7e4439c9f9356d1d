/**
 * Who signs: a key file, or an SSH agent. Both are read by ssh2, which knows OpenSSH's files and how they are locked; it is
 * loaded only when somebody signs.
 */
import { readFile } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';
import type { Problem } from '../domain/problem.ts';
import { type PublicKey, keyType, readPublicKey, readPublicKeyLine } from './public-key.ts';

export interface Signer {
  readonly publicKey: PublicKey;
  /** What its owner has called it; may be ''. */
  readonly comment: string;
  /** For people: `the agent`, or a path. */
  readonly where: string;
  /** The 64 bytes of an Ed25519 signature. */
  sign(bytes: Buffer): Promise<Buffer>;
}

const ssh2 = async (): Promise<typeof import('ssh2')> => (await import('ssh2')).default;

/** The agent's Ed25519 keys; of other kinds it may have any number. */
export async function agentSigners(socketPath: string): Promise<readonly Signer[] | Problem> {
  const { createAgent } = await ssh2();
  const agent = createAgent(socketPath);
  const keys = await new Promise<readonly ParsedKey[] | Problem>((resolve) => {
    agent.getIdentities((error, found) => {
      resolve(error ? silent(socketPath, error) : ((found ?? []) as readonly ParsedKey[]));
    });
  });
  if ('code' in keys) return keys;
  return keys.flatMap((key): Signer[] => {
    const publicKey = readPublicKey(key.getPublicSSH());
    if ('code' in publicKey) return [];
    const sign = (bytes: Buffer): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        agent.sign(key, bytes, {}, (error, signature) => {
          if (error || signature === undefined) reject(new Error(`the agent did not sign: ${error?.message ?? ''}`));
          else resolve(signature);
        });
      });
    return [{ publicKey, comment: key.comment, where: 'the agent', sign }];
  });
}

export type KeyFile =
  | { readonly kind: 'signer'; readonly signer: Signer }
  /** Only its public half is here, or can be read without a passphrase: an agent may have the rest. */
  | { readonly kind: 'public'; readonly publicKey: PublicKey }
  | { readonly kind: 'locked'; readonly publicKey: PublicKey | null }
  | { readonly kind: 'refused'; readonly problem: Problem };

/** `passphrase` undefined: without one. */
export async function readKeyFile(path: string, passphrase?: string): Promise<KeyFile> {
  const refused = (problem: Problem): KeyFile => ({ kind: 'refused', problem });
  const text = await textOf(path);
  if (typeof text !== 'string') return refused(text);
  if (!text.includes('-----BEGIN')) {
    const line = readPublicKeyLine(text);
    return 'code' in line
      ? refused({ ...line, message: `${path}: ${line.message}` })
      : { kind: 'public', publicKey: line };
  }
  const { utils } = await ssh2();
  const parsed: ParsedKey | readonly ParsedKey[] | Error = utils.parseKey(text, passphrase);
  if (parsed instanceof Error) {
    if (passphrase === undefined && /encrypted/i.test(parsed.message))
      return { kind: 'locked', publicKey: await publicHalf(path) };
    const wrong = passphrase !== undefined && /passphrase|integrity/i.test(parsed.message);
    return refused(
      wrong
        ? { code: 'wrong-passphrase', message: `${path}: the passphrase does not open it` }
        : { code: 'bad-key', message: `${path}: is not a private key that can be read`, detail: `${parsed.message}.` },
    );
  }
  const key = Array.isArray(parsed) ? (parsed as readonly ParsedKey[])[0] : (parsed as ParsedKey);
  if (key === undefined || !key.isPrivateKey()) return refused({ code: 'bad-key', message: `${path}: holds no key` });
  const publicKey = readPublicKey(key.getPublicSSH());
  if ('code' in publicKey) return refused({ ...publicKey, message: `${path}: ${publicKey.message}` });
  const sign = async (bytes: Buffer): Promise<Buffer> => {
    const signature: Buffer | Error = key.sign(bytes);
    if (signature instanceof Error) throw signature;
    return signature;
  };
  return { kind: 'signer', signer: { publicKey, comment: key.comment, where: path, sign } };
}

/** The `.pub` that lies beside it. */
async function publicHalf(path: string): Promise<PublicKey | null> {
  const text = await textOf(`${path}.pub`);
  const key = typeof text === 'string' && text.startsWith(keyType) ? readPublicKeyLine(text) : null;
  return key === null || 'code' in key ? null : key;
}

async function textOf(path: string): Promise<string | Problem> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return { code: 'unreadable-file', message: `could not read key "${path}": ${code}` };
  }
}

function silent(socketPath: string, error: Error): Problem {
  return {
    code: 'no-agent-answer',
    message: 'no SSH agent answers',
    detail: `${socketPath}: ${error.message}.`,
    hint: 'Start one and add your key (ssh-add), or name a key file with --key.',
  };
}
