/** `knowngood report verify` and `knowngood report key`: whether evidence is as it was signed, and by whom. */
import { readFile } from 'node:fs/promises';
import type { Verified } from '../../report/evidence.ts';
import { dateTimeText } from '../../domain/format.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { configIfAny } from '../context.ts';
import { signingKeyFile } from '../embedded.ts';
import { exitCodes } from '../exit-codes.ts';
import { jsonVersion } from '../render/result.ts';
import { verbatim } from '../render/text.ts';
import { stop } from '../stop.ts';

interface Options {
  readonly key?: string;
  readonly page?: string;
}

export const addVerify: AddCommand = (report, { io, exit }) => {
  report
    .command('verify')
    .description('tell whether signed evidence is as it was signed; exits 1 when it is not')
    .argument('<file>', 'what "knowngood report <change> --evidence" wrote')
    .option('--key <key>', 'the public key that it must be signed with: a PEM file, or its fingerprint (SHA256:…)')
    .option('--page <file>', 'the HTML page that must be the one that was signed')
    .action(async (file: string, _: unknown, self) => {
      const options = optionsOf<Options>(self);
      const { verifyEvidence } = await import('../../report/evidence.ts');
      const verified = verifyEvidence(await textOf(file), {
        fingerprint: options.key === undefined ? null : await fingerprintOf(options.key),
        html: options.page === undefined ? null : await textOf(options.page),
      });
      const exitCode = verified.kind === 'valid' ? exitCodes.kept : exitCodes.error;
      io.out(
        options.json
          ? JSON.stringify({ version: jsonVersion, exitCode, ...answer(verified) }, null, 2)
          : words(verified),
      );
      exit(exitCode);
    });
};

export const addReportKey: AddCommand = (report, { io }) => {
  report
    .command('key')
    .description('on the host of a worker: print the public key that its reports are signed with')
    .action(async (_: unknown, self) => {
      const options = optionsOf<object>(self);
      const { existingKey } = await import('../../worker/report-key.ts');
      const { publicPem } = await import('../../report/signing-key.ts');
      const file = signingKeyFile(io.env);
      const signer = await existingKey({ configured: (await configIfAny(options))?.signingKey ?? null, file });
      if (signer === null)
        throw stop({
          code: 'no-signing-key',
          message: 'there is no key that reports are signed with',
          detail: `knowngood.yaml names none (report.signingKey), and ${file} does not exist.`,
          hint: 'Ask where the worker runs: it makes the file when it starts.',
        });
      const { fingerprint } = signer.public;
      const pem = publicPem(signer.public);
      io.out(
        options.json ? JSON.stringify({ version: jsonVersion, fingerprint, publicKey: pem }, null, 2) : pem.trimEnd(),
      );
      if (!options.json) io.err(`fingerprint ${fingerprint}`);
    });
};

function answer(verified: Verified): object {
  if (verified.kind === 'invalid') return { valid: false, why: verified.why };
  const { evidence, fingerprint, pinned } = verified;
  return { valid: true, report: evidence.report.id, fingerprint, signer: pinned ? 'the given key' : 'not checked' };
}

function words(verified: Verified): string {
  if (verified.kind === 'invalid') return `invalid: ${verbatim(verified.why)}`;
  const { evidence, fingerprint, pinned } = verified;
  const { report, samples, sha256 } = evidence;
  const closed = report.moments.find(({ name }) => name === 'closed');
  return [
    `valid: ${verbatim(report.id)}, ${report.outcome}${closed === undefined ? '' : `, closed ${dateTimeText(closed.at)}`}`,
    `${samples.length} measurements; page sha256 ${sha256.html}`,
    pinned
      ? `signed by the given key, ${fingerprint}`
      : `signed by ${fingerprint}, the key that it brings along: nothing was changed since, but who signed it is not proven. Compare with "knowngood report key" on the worker's host, or pass --key.`,
  ].join('\n');
}

async function fingerprintOf(key: string): Promise<string> {
  if (key.startsWith('SHA256:')) return key;
  const { keyFromPem, named } = await import('../../report/signing-key.ts');
  const found = keyFromPem(await textOf(key));
  if (found !== null) return named(found).fingerprint;
  throw stop({
    code: 'bad-key',
    message: `${key} holds no public Ed25519 key in PEM`,
    hint: 'Print it with "knowngood report key" on the host of the worker.',
  });
}

function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw stop({ code: 'no-file', message: `cannot read ${file}: ${error.code ?? 'unknown error'}` });
  });
}
