/** `knowngood init`: writes knowngood.yaml and agent.yaml from a live server; what is there already stays as it is. */
import { access, open } from 'node:fs/promises';
import { join } from 'node:path';
import { agentFile } from '../../config/init/agent-file.ts';
import { type InitInput, knowngoodFile } from '../../config/init/knowngood-file.ts';
import { parseAgentConfig } from '../../config/agent.ts';
import { parseKnowngoodConfig } from '../../config/knowngood.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import type { Io } from '../io.ts';
import { loginOf, passwordOption } from '../login.ts';
import { nameOption } from '../options.ts';
import { jsonVersion } from '../render/result.ts';
import { Stop, stop } from '../stop.ts';

interface Options {
  readonly connection: string;
  readonly password?: string;
  readonly target: string;
  readonly folder: string;
}

const localSocket = 'postgresql://postgres@/postgres?host=/var/run/postgresql';

export const addInit: AddCommand = (program, { io }) => {
  program
    .command('init')
    .description('write commented knowngood.yaml and agent.yaml from a live server; nothing is overwritten')
    .option('--connection <url>', 'postgresql://user@host:port/database, without a password', localSocket)
    .option(passwordOption.flags, passwordOption.description)
    .option('--target <name>', 'what to call this server', nameOption, 'main-db')
    .option('--folder <folder>', 'where to write the two files', '.')
    .action(async (_: unknown, self) => {
      const options = optionsOf<Options>(self);
      const input = await inputOf(io, options);
      const files = { 'knowngood.yaml': knowngoodFile(input), 'agent.yaml': agentFile(input) };
      checkOwn(files);
      const written = await writeNew(options.folder, files);
      const { services, unseen } = input.survey;
      if (options.json) {
        const answer = { version: jsonVersion, files: written, server: input.survey.version, services };
        return io.out(JSON.stringify({ ...answer, unseen }, null, 2));
      }
      for (const path of written) io.out(path);
      io.err(`PostgreSQL ${input.survey.version}, ${services.length} service(s) suggested: give each a required check`);
      for (const what of unseen) io.err(`not seen: ${what}`);
      io.err('next: knowngood doctor');
    });
};

async function inputOf(io: Io, options: Options): Promise<InitInput> {
  const login = loginOf(io, options);
  const { surveyOf } = await import('../../worker/survey.ts');
  const survey = await surveyOf(login);
  if (survey.inRecovery)
    throw stop({
      code: 'standby',
      message: 'the server is a standby',
      hint: 'Name its primary: a standby follows it, and is no target.',
    });
  return { target: options.target, ...login, survey };
}

/** What cannot be read again is a mistake of ours, and is not left behind for others to find. */
function checkOwn(files: { readonly 'knowngood.yaml': string; readonly 'agent.yaml': string }): void {
  const parsed = [
    parseKnowngoodConfig(files['knowngood.yaml'], 'knowngood.yaml'),
    parseAgentConfig(files['agent.yaml'], 'agent.yaml'),
  ];
  const problems = parsed.flatMap((one) => (one.kind === 'invalid' ? one.problems : []));
  if (problems.length > 0) throw new Stop(problems);
}

async function writeNew(folder: string, files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const paths = Object.keys(files).map((name) => join(folder, name));
  for (const path of paths)
    if (await exists(path))
      throw stop({
        code: 'file-exists',
        message: `${path} exists already`,
        detail: 'Nothing was written.',
        hint: 'Name another place with --folder FOLDER.',
      });
  for (const [name, text] of Object.entries(files)) {
    // Fails for a file that appeared meanwhile.
    const file = await open(join(folder, name), 'wx', 0o644);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  }
  return paths;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
