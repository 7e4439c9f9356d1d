/** `knowngood codec-server`: lets the Web UI show, and send, what is encrypted. */
import { InvalidArgumentError } from 'commander';
import { createPayloadCodec } from '../../codec/payload-codec.ts';
import { serveCodec, usualCodecPort } from '../../codec/server.ts';
import { loadKnowngoodConfig } from '../../config/load.ts';
import { payloadKeys } from '../../config/payload-keys.ts';
import { resolveOptionalSecret } from '../../config/secrets.ts';
import type { KnowngoodConfig, ListenAddress } from '../../domain/config.ts';
import { referenceForm, referencePattern } from '../../domain/secrets.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { listenOption } from '../options.ts';
import { pairOf, type TlsOptions } from '../pair-of.ts';
import { jsonVersion } from '../render/result.ts';
import { serviceManager } from '../service-manager.ts';
import { stop } from '../stop.ts';
import { isThisMachine } from '../this-machine.ts';
import { untilSignal } from '../until-signal.ts';

interface Options extends TlsOptions {
  readonly listen: ListenAddress;
  readonly origin: readonly string[];
  readonly token?: string;
}

const usual: ListenAddress = { host: '127.0.0.1', port: usualCodecPort };

export const addCodecServer: AddCommand = (program, { io }) => {
  program
    .command('codec-server')
    .description('serve the codec that the Temporal Web UI shows encrypted payloads with ("temporal.encryption")')
    .option('--listen <host:port>', 'where (default: 127.0.0.1:8234)', listenOption, usual)
    .option('--origin <url>', 'a Web UI that may ask, again for each (default: "ui.address")', originOption, [])
    .option('--token <reference>', 'asked for as "Authorization: Bearer …"; needed beyond this machine', tokenOption)
    .option('--tls-cert <file>', 'serve HTTPS with this certificate, and what is between it and its CA, in PEM')
    .option('--tls-key <file>', 'its private key; a pair that is replaced is taken within seconds')
    .action(async (_: unknown, self) => {
      const options = optionsOf<Options>(self);
      const config = await loadKnowngoodConfig(options.config);
      // Of the section, nothing but the keys: it has no use for the way to Temporal, and whoever breaks into it none either.
      const keys = await payloadKeys(config.temporal.encryption, io.env);
      if (keys.length === 0)
        throw stop({
          code: 'no-payload-key',
          message: `${config.path} names no key that payloads are encrypted with`,
          hint: 'Add it under temporal.encryption.keys.',
        });
      const token = await resolveOptionalSecret(options.token ?? null, io.env);
      const { listen } = options;
      if (token === null && !isThisMachine(listen.host))
        throw stop({
          code: 'open-codec-server',
          message: `whoever reaches ${listen.host}:${listen.port} could read everything`,
          detail: 'Without a token it serves this machine alone.',
          hint: 'Name a token with --token, or listen on 127.0.0.1 behind a proxy that lets people in.',
        });
      const origins = originsOf(options, config);
      const pair = pairOf(options, io.env);
      const manager = serviceManager(io);
      const tls = await pair?.read();
      const codec = createPayloadCodec(keys);
      const { address, close, renew } = await serveCodec({
        codec,
        listen,
        origins,
        token,
        ...(tls === undefined ? {} : { tls }),
      });
      pair?.follow(renew, (why) => io.err(`the certificate that was read before stays in use: ${why}`));
      manager.ready();
      if (options.json) io.out(JSON.stringify({ version: jsonVersion, address, origins }));
      else io.out(`codec server: ${address}, for pages of ${origins.join(', ')}`);
      await untilSignal({ done: new Promise(() => undefined), stop: close }, io, manager);
      pair?.unfollow();
    });
};

function originsOf({ origin }: Options, { path, uiAddress }: KnowngoodConfig): readonly string[] {
  if (origin.length > 0) return origin;
  if (uiAddress !== null) return [new URL(uiAddress).origin];
  throw stop({
    code: 'no-origin',
    message: 'no Web UI is named that may ask',
    hint: `Name it with --origin URL, or under ui.address in ${path}.`,
  });
}

function originOption(text: string, before: readonly string[]): readonly string[] {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new InvalidArgumentError('Write an address, such as "https://temporal.example".');
  return [...before, url.origin];
}

function tokenOption(text: string): string {
  if (!referencePattern.test(text)) throw new InvalidArgumentError(referenceForm);
  return text;
}
