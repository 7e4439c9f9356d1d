/** `knowngood key`: a new key for the agent, on the database host, while the agent is stopped; one for payloads, anywhere. */
import { loadAgentConfig } from '../../config/load.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { renderRotated } from '../render/rotated.ts';
import { jsonVersion } from '../render/result.ts';

interface Options {
  readonly fingerprints?: boolean;
}

export const addKey: AddCommand = (program, { io, exit }) => {
  const key = program.command('key').description("the agent's key, and the one that payloads are encrypted with");
  key
    .command('payloads')
    .description('make a key that what goes to Temporal is encrypted with ("temporal.encryption"), in a new file')
    .argument('<file>', 'must not exist yet')
    .action(async (file: string, _: unknown, self) => {
      const options = optionsOf(self);
      const { makePayloadKey } = await import('../../worker/payload-key.ts');
      const keyId = await makePayloadKey(file);
      io.out(options.json ? JSON.stringify({ version: jsonVersion, file, keyId }) : `key ${keyId} is in ${file}`);
    });
  key
    .command('rotate')
    .description(
      'on the database host: make a new key for the agent and seal everything anew with it; the agent must be stopped. Run again, it ends a rotation that was cut off',
    )
    .option(
      '--fingerprints',
      'replace the key of the fingerprints as well: older snapshots then show every secret as changed',
    )
    .action(async (_: unknown, self) => {
      const options = optionsOf<Options>(self);
      const config = await loadAgentConfig(options.agentConfig);
      const { rotate } = await import('../../worker/rotate-key.ts');
      const newFingerprints = options.fingerprints === true;
      const rotated = await rotate(config, { newFingerprints, say: (line) => io.err(line) });
      const exitCode = rotated.stillNeeded.length === 0 ? exitCodes.kept : exitCodes.error;
      io.out(
        options.json
          ? JSON.stringify({ version: jsonVersion, target: config.target, exitCode, ...rotated }, null, 2)
          : renderRotated(rotated, io.colors),
      );
      exit(exitCode);
    });
};
