/** Whether the server would take its TLS files and settings at the next reload or start: seen from the files, before it is asked to. */
import { X509Certificate, createPrivateKey, getCurves } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { TlsSettings } from '../../domain/conf/named-files.ts';
import type { Problem } from '../../domain/problem.ts';
import { modeText } from '../../domain/snapshot/files.ts';
import type { FilePlaces, FilesOnDisk } from './capture-files.ts';
import { messageOf } from './target-error.ts';

const hint =
  'At a reload the server keeps the TLS configuration it has and only its log says so; it would not start with this one.';

/** Empty: TLS is off in the files, or nothing speaks against them. An encrypted key can be judged by its mode alone. */
export async function tlsFileProblems(
  onDisk: FilesOnDisk,
  { dataDirectory, versionNum }: Pick<FilePlaces, 'dataDirectory' | 'versionNum'>,
): Promise<readonly Problem[]> {
  const { tls } = onDisk;
  if (!tls.on) return [];
  const owner = await stat(dataDirectory).then(
    ({ uid }) => uid,
    () => null,
  );
  const problems = [
    ...certificateProblems(onDisk),
    ...keyProblems(onDisk, owner),
    ...listProblems(onDisk, tls.caFile, 'ssl_ca_file', parsesCertificates),
    ...listProblems(onDisk, tls.crlFile, 'ssl_crl_file', (content) => content.includes('-----BEGIN X509 CRL-----')),
    ...listProblems(onDisk, tls.dhFile, 'ssl_dh_params_file', (content) =>
      content.includes('-----BEGIN DH PARAMETERS-----'),
    ),
    ...settingProblems(tls, versionNum),
  ];
  return problems.map((problem) => ({ code: 'tls-would-not-load', hint, ...problem }));
}

type Found = Omit<Problem, 'code'>;

const protocols = ['', 'tlsv1', 'tlsv1.1', 'tlsv1.2', 'tlsv1.3'];

/** The server takes each of these by itself, and stumbles over them only when it makes its TLS anew. */
function settingProblems({ lowest, highest, curve }: TlsSettings, versionNum: number): readonly Found[] {
  const rank = (protocol: string): number => protocols.indexOf(protocol.toLowerCase());
  const found: Found[] = [];
  if (highest !== '' && rank(lowest) > rank(highest))
    found.push({ message: `ssl_min_protocol_version ${lowest} is higher than ssl_max_protocol_version ${highest}` });
  // Which groups an 18 takes depends on its own OpenSSL.
  if (curve !== null && versionNum < 180000 && !getCurves().includes(curve))
    found.push({ message: `ssl_ecdh_curve names no curve: ${curve}` });
  return found;
}

/** The server's own certificate, first in its file; null: there is none, or it cannot be read. */
export function ownCertificate({ files, tls }: Pick<FilesOnDisk, 'files' | 'tls'>): X509Certificate | null {
  const content = tls.certFile === null ? undefined : files.get(tls.certFile)?.content;
  if (content === undefined) return null;
  try {
    return new X509Certificate(Buffer.from(content, 'latin1'));
  } catch {
    return null;
  }
}

function certificateProblems(onDisk: FilesOnDisk): readonly Found[] {
  const path = onDisk.tls.certFile;
  if (path === null) return [{ message: 'ssl is on, and ssl_cert_file names no file' }];
  const absent = absence(onDisk, path, 'ssl_cert_file');
  if (absent !== null) return [absent];
  return ownCertificate(onDisk) === null ? [{ message: `${path} (ssl_cert_file) holds no certificate` }] : [];
}

function keyProblems(onDisk: FilesOnDisk, owner: number | null): readonly Found[] {
  const { files, tls } = onDisk;
  const path = tls.keyFile;
  if (path === null) return [{ message: 'ssl is on, and ssl_key_file names no file' }];
  const absent = absence(onDisk, path, 'ssl_key_file');
  const key = files.get(path);
  if (absent !== null || key === undefined) return absent === null ? [] : [absent];
  if (owner !== null && key.uid !== owner && key.uid !== 0)
    return [
      {
        message: `${path} (ssl_key_file) belongs neither to the server's user nor to root`,
        detail: `Its owner has the id ${key.uid}, the server's user ${owner}.`,
      },
    ];
  // Root's own file may be read by the group: that is how several services share a key.
  const tooWide = key.mode & (key.uid === 0 && owner !== 0 ? 0o037 : 0o077);
  if (tooWide !== 0)
    return [
      {
        message: `${path} (ssl_key_file) may be read by others`,
        detail: `Its mode is ${modeText(key.mode)}; the server takes 0600, or 0640 if it belongs to root.`,
      },
    ];
  return pairProblems(onDisk, path, key.content, tls);
}

function pairProblems(onDisk: FilesOnDisk, path: string, content: string, { certFile }: TlsSettings): readonly Found[] {
  // Whoever knows the passphrase is the server.
  if (content.includes('ENCRYPTED')) return [];
  const certificate = ownCertificate(onDisk);
  try {
    const key = createPrivateKey(Buffer.from(content, 'latin1'));
    if (certificate === null || certificate.checkPrivateKey(key)) return [];
    return [{ message: `${path} (ssl_key_file) does not belong to the certificate in ${certFile}` }];
  } catch (error) {
    return [{ message: `${path} (ssl_key_file) holds no private key`, detail: messageOf(error) }];
  }
}

function listProblems(
  onDisk: FilesOnDisk,
  path: string | null,
  setting: string,
  isGood: (content: string) => boolean,
): readonly Found[] {
  if (path === null) return [];
  const absent = absence(onDisk, path, setting);
  if (absent !== null) return [absent];
  const content = onDisk.files.get(path)?.content ?? '';
  return isGood(content) ? [] : [{ message: `${path} (${setting}) does not hold what it should` }];
}

/** OpenSSL reads them one after the other, and stops at the first that is broken. */
function parsesCertificates(content: string): boolean {
  const blocks = content.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^]*?-----END (?:TRUSTED )?CERTIFICATE-----/g);
  try {
    for (const block of blocks ?? []) if (!block.includes('TRUSTED')) new X509Certificate(block);
    return blocks !== null;
  } catch {
    return false;
  }
}

function absence({ files, closed }: FilesOnDisk, path: string, setting: string): Found | null {
  if (files.has(path)) return null;
  const why = closed.get(path);
  return why === undefined
    ? { message: `${path} (${setting}) is not there` }
    : {
        message: `${path} (${setting}) cannot be read by the agent`,
        detail: why,
        hint: 'What it cannot read it cannot put back: run the agent as the user that owns the server, or as root.',
      };
}
