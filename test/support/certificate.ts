/** Certificates for tests, as DER by hand: Node signs, but writes no certificates, and `openssl` may be missing. */
import { createPrivateKey, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

interface Names {
  readonly dns?: readonly string[];
  readonly ipv4?: readonly string[];
}

/** Valid for a day around now, and its own CA. */
export function selfSigned(commonName: string, names: Names = {}): Certificate {
  return made(commonName, names, null);
}

/** By a CA, and none itself: Temporal's native client takes no CA for a server or client. */
export function issuedBy(ca: Certificate, commonName: string, names: Names = {}): Certificate {
  return made(commonName, names, ca);
}

function made(commonName: string, names: Names, ca: Certificate | null): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const named = (name: string): Buffer => sequence(set(sequence(oid('550403'), tlv(0x0c, Buffer.from(name)))));
  const subject = named(commonName);
  const issuer = ca === null ? subject : named(new X509Certificate(ca.certificate).subject.replace(/^CN=/, ''));
  const alternatives = [
    ...(names.dns ?? []).map((name) => tlv(0x82, Buffer.from(name))),
    ...(names.ipv4 ?? []).map((address) => tlv(0x87, Buffer.from(address.split('.').map(Number)))),
  ];
  const extensions = [extension('551d13', sequence(...(ca === null ? [tlv(0x01, Buffer.from([0xff]))] : [])))];
  if (alternatives.length > 0) extensions.push(extension('551d11', sequence(...alternatives)));
  const now = Date.now();
  const body = sequence(
    tlv(0xa0, integer(2)),
    integer(1 + (now % 2_000_000_000)),
    ecdsaWithSha256,
    issuer,
    sequence(utcTime(now - dayMs), utcTime(now + dayMs)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = tlv(
    0x03,
    Buffer.from([0]),
    sign('sha256', body, ca === null ? privateKey : createPrivateKey(ca.key)),
  );
  const der = sequence(body, ecdsaWithSha256, signature).toString('base64');
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${der.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const dayMs = 86_400_000;

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const head = size < 0x80 ? [tag, size] : size < 0x100 ? [tag, 0x81, size] : [tag, 0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => tlv(0x30, ...parts);
const set = (...parts: readonly Buffer[]): Buffer => tlv(0x31, ...parts);
const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, 'hex'));
const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), tlv(0x04, value));
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  const first = bytes.findIndex((byte, index) => byte !== 0 || index === 3);
  const needed = (bytes[first] ?? 0) >= 0x80 ? first - 1 : first;
  return tlv(0x02, bytes.subarray(needed));
}

function utcTime(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/\D/g, '').slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}
