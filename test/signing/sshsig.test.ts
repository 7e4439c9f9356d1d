/** Signatures beside OpenSSH's own: `fixtures/` was made by ssh-keygen 9, and Ed25519 signs the same text always alike. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { approvalNamespace } from '../../domain/approval-statement.ts';
import { readPublicKeyLine } from '../../signing/public-key.ts';
import { readKeyFile, type Signer } from '../../signing/signers.ts';
import { armored, bytesToSign, verifiedKey } from '../../signing/sshsig.ts';

const folder = new URL('fixtures/', import.meta.url).pathname;
const fixture = (name: string): string => readFileSync(`${folder}${name}`, 'utf8');
const text = fixture('statement.txt');

async function signerOf(name: string, passphrase?: string): Promise<Signer> {
  const read = await readKeyFile(`${folder}${name}`, passphrase);
  if (read.kind !== 'signer') throw new Error(JSON.stringify(read));
  return read.signer;
}

async function signed(signer: Signer, namespace = approvalNamespace): Promise<string> {
  return armored(signer.publicKey.blob, namespace, await signer.sign(bytesToSign(text, namespace)));
}

describe('a signature', () => {
  it('is letter by letter the one that ssh-keygen makes with that key', async () => {
    expect(await signed(await signerOf('plain'))).toBe(fixture('plain.sig'));
    expect(await signed(await signerOf('plain'), 'git')).toBe(fixture('plain-git.sig'));
  });

  for (const name of ['plain.sig', 'plain-sha256.sig']) {
    it(`of ssh-keygen is verified (${name}), and tells whose key it was`, () => {
      expect(verifiedKey(text, approvalNamespace, fixture(name))).toMatchObject({
        fingerprint: (readPublicKeyLine(fixture('plain.pub')) as { fingerprint: string }).fingerprint,
      });
    });
  }

  it('survives the line ends of another system', () => {
    const signature = fixture('plain.sig').replaceAll('\n', '\r\n');
    expect(verifiedKey(text, approvalNamespace, signature)).toMatchObject({ fingerprint: expect.any(String) });
  });

  const bent = (at: number): string => {
    const [begin = '', ...lines] = fixture('plain.sig').trim().split('\n');
    const blob = Buffer.from(lines.slice(0, -1).join(''), 'base64');
    blob[at < 0 ? blob.length + at : at]! ^= 1;
    return [begin, blob.toString('base64'), lines.at(-1)].join('\n');
  };
  for (const [name, given, signature, code] of [
    ['of another text', `${text} `, fixture('plain.sig'), 'signature-invalid'],
    ['for another purpose', text, fixture('plain-git.sig'), 'wrong-namespace'],
    ['by an ECDSA key', text, fixture('ecdsa.sig'), 'wrong-key-type'],
    ['with one bit turned in it', text, bent(-1), 'signature-invalid'],
    ['with one bit turned in the key', text, bent(50), 'signature-invalid'],
    ['of another version', text, bent(9), 'bad-signature'],
    ['of another magic', text, bent(0), 'bad-signature'],
    ['with a length that leads nowhere', text, bent(10), 'bad-signature'],
    ['that is cut off', text, `${fixture('plain.sig').slice(0, 120)}\n-----END SSH SIGNATURE-----`, 'bad-signature'],
    ['without its armor', text, fixture('plain.sig').split('\n').slice(1, -2).join('\n'), 'bad-signature'],
    ['that is none', text, 'approved', 'bad-signature'],
    ['that is empty', text, '', 'bad-signature'],
  ] as const) {
    it(`${name} is refused`, () => expect(verifiedKey(given, approvalNamespace, signature)).toMatchObject({ code }));
  }
});

describe('a public key', () => {
  const line = fixture('plain.pub');
  it('has the fingerprint that ssh-keygen -l shows', () => {
    expect(readPublicKeyLine(line)).toMatchObject({
      fingerprint: 'SHA256:yb5bg9UuT3A0uecdS2LrRX0HlZWclLnIUhQKQqjJg2A',
    });
  });
  for (const [name, bad, message] of [
    ['of another kind', fixture('ecdsa.pub'), '"ecdsa-sha2-nistp256" is no Ed25519 key'],
    ['that is a certificate', fixture('cert-cert.pub'), '"ssh-ed25519-cert-v01@openssh.com" is a certificate'],
    ['in a FIDO device', 'sk-ssh-ed25519@openssh.com AAAA', '"sk-ssh-ed25519@openssh.com" lives in a FIDO device'],
    ['with a wrong name', line.replace('ssh-ed25519', 'ssh-rsa'), '"ssh-rsa" is no Ed25519 key'],
    [
      'that says another kind inside',
      fixture('ecdsa.pub').replace(/^\S+/, 'ssh-ed25519'),
      '"ecdsa-sha2-nistp256" is no',
    ],
    ['that is cut off', line.slice(0, 60), 'is not a public key as OpenSSH writes it'],
    ['with letters that do not belong', line.replace('AAAAC3', 'AA!AC3'), 'is not a public key as OpenSSH writes it'],
    ['that is a private key', fixture('plain'), 'this is no Ed25519 key'],
    ['that is nothing', '', 'this is no Ed25519 key'],
  ] as const) {
    it(`${name} is refused by name`, () =>
      expect(readPublicKeyLine(bad)).toMatchObject({ message: expect.stringContaining(message) }));
  }
});

describe('a locked key file', () => {
  it('signs when it is opened, and says which key it is before', async () => {
    expect(await readKeyFile(`${folder}locked`)).toMatchObject({
      kind: 'locked',
      publicKey: { fingerprint: expect.stringContaining('SHA256:') },
    });
    const signature = await signed(await signerOf('locked', 'correct horse'));
    expect(verifiedKey(text, approvalNamespace, signature)).toMatchObject({
      fingerprint: (readPublicKeyLine(fixture('locked.pub')) as { fingerprint: string }).fingerprint,
    });
  });
  it('stays locked for a wrong passphrase', async () => {
    expect(await readKeyFile(`${folder}locked`, 'wrong')).toMatchObject({ problem: { code: 'wrong-passphrase' } });
  });
});
