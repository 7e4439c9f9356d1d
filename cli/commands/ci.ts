/** `knowngood ci`: tells a CI system what `guard`, `apply` or `plan` has answered. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { type Answer, readAnswer } from '../ci/answer.ts';
import { comment } from '../ci/github-comment.ts';
import { annotation, outputsFile } from '../ci/github.ts';
import { codeQuality, dotenv } from '../ci/gitlab.ts';
import { fieldsOf, notesOf, notesOfProblems, summaryOf } from '../ci/told.ts';
import type { Io } from '../io.ts';
import { nameOption } from '../options.ts';
import { planMarkdown } from '../render/plan-markdown.ts';
import { Stop, stop } from '../stop.ts';

const answerArgument = 'what the command wrote with --json';

export const addCi: AddCommand = (program, surroundings) => {
  const ci = program.command('ci').description('tell a CI system what guard, apply or plan has answered');
  addGithub(ci, surroundings);
  addComment(ci, surroundings);
  addGitlab(ci, surroundings);
};

interface Shown {
  readonly file?: string;
  readonly report?: string;
}

const addGithub: AddCommand = (ci, { io, exit }) => {
  ci.command('github')
    .description('annotations, outputs and job summary of a GitHub Action; exits as the command did')
    .argument('<answer>', answerArgument)
    .option('--file <path>', 'the file of the repository that annotations are shown at')
    .option('--report <path>', 'named as output "report" if it exists')
    .action(async (path: string, _: unknown, self) => {
      const { file, report } = optionsOf<Shown>(self);
      const answer = await readAnswer(path).catch((error: unknown) => {
        if (error instanceof Stop) for (const note of notesOfProblems(error.problems)) io.out(annotation(note));
        throw error;
      });
      for (const note of notesOf(answer)) io.out(annotation(note, file));
      const fields = { ...fieldsOf(answer), ...(report !== undefined && existsSync(report) ? { report } : {}) };
      await append(io, 'GITHUB_OUTPUT', outputsFile(fields, `knowngood-${randomUUID()}`));
      const summary = summaryOf(answer);
      if (summary !== null) await append(io, 'GITHUB_STEP_SUMMARY', `${summary}\n`);
      exit(answer.exitCode);
    });
};

const addComment: AddCommand = (ci, { io }) => {
  ci.command('github-comment')
    .description('the plan as one comment on the pull request, kept current; the token is $GITHUB_TOKEN')
    .argument('<answer>', answerArgument)
    .option('--key <name>', 'tells several plans of one pull request apart (default: its target)', nameOption)
    .option('--pull-request <number>', 'default: that of the event ($GITHUB_EVENT_PATH)', pullRequestOption)
    .option('--author <login>', 'whose comment is replaced', 'github-actions[bot]')
    .action(async (path: string, _: unknown, self) => {
      const options = optionsOf<{ readonly key?: string; readonly pullRequest?: number; readonly author: string }>(
        self,
      );
      const { env } = io;
      const { target, plan } = planOf(await readAnswer(path), path);
      const place = {
        api: env.GITHUB_API_URL ?? 'https://api.github.com',
        repository: repositoryOf(env.GITHUB_REPOSITORY),
        pullRequest: options.pullRequest ?? (await pullRequestOf(env.GITHUB_EVENT_PATH)),
        token: env.GITHUB_TOKEN || required('GITHUB_TOKEN'),
        author: options.author,
      };
      io.out(await comment(place, `plan:${options.key ?? target}`, planMarkdown(target, plan)));
    });
};

interface Written {
  readonly dotenv?: string;
  readonly codeQuality?: string;
  readonly summary?: string;
  readonly file: string;
}

const addGitlab: AddCommand = (ci, { io, exit }) => {
  ci.command('gitlab')
    .description('variables (dotenv) and findings (Code Quality) of a GitLab job; exits as the command did')
    .argument('<answer>', answerArgument)
    .option('--dotenv <file>', 'write KNOWNGOOD_OUTCOME, KNOWNGOOD_CHANGE_ID, … into this file')
    .option('--code-quality <file>', 'write what went wrong into this file')
    .option('--summary <file>', 'append a summary in Markdown, where the command has not done so')
    .option('--file <path>', 'the file of the repository that findings are shown at', 'change.yaml')
    .action(async (path: string, _: unknown, self) => {
      const options = optionsOf<Written>(self);
      const answer = await readAnswer(path);
      const notes = notesOf(answer);
      for (const { level, title, text } of notes) io.err(`${level}: ${title}: ${text}`);
      if (options.dotenv !== undefined) await writeFile(options.dotenv, dotenv(fieldsOf(answer)));
      const summary = summaryOf(answer);
      if (options.summary !== undefined && summary !== null) await appendFile(options.summary, `${summary}\n`);
      if (options.codeQuality !== undefined) await writeFile(options.codeQuality, codeQuality(notes, options.file));
      exit(answer.exitCode);
    });
};

function planOf({ target, plan }: Answer, path: string) {
  if (plan !== null && target !== null) return { target, plan };
  throw stop({
    code: 'no-plan',
    message: `"${path}" holds no plan`,
    hint: 'It is what "knowngood plan change.yaml --json" writes to stdout.',
  });
}

async function append({ env, err }: Io, variable: string, text: string): Promise<void> {
  const path = env[variable];
  if (!path) return;
  // The outcome stands; a file that cannot be written must not turn it into an error.
  await appendFile(path, text).catch((error: Error) => err(`could not write $${variable}: ${error.message}`));
}

function repositoryOf(name: string | undefined): string {
  return name !== undefined && /^[\w.-]+\/[\w.-]+$/.test(name) ? name : required('GITHUB_REPOSITORY');
}

function required(variable: string): never {
  throw stop({
    code: 'missing-variable',
    message: `$${variable} is missing`,
    hint: 'A job of GitHub Actions has it; the token is given as env: GITHUB_TOKEN: ${{ github.token }}.',
  });
}

async function pullRequestOf(eventPath: string | undefined): Promise<number> {
  const event = eventPath === undefined ? null : ((await json(eventPath)) as Event | null);
  const number = event?.pull_request?.number ?? event?.issue?.number;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number > 0) return number;
  throw stop({
    code: 'no-pull-request',
    message: 'this is not an event of a pull request',
    hint: 'Run it "on: pull_request", or name one with --pull-request.',
  });
}

interface Event {
  readonly pull_request?: { readonly number?: unknown };
  readonly issue?: { readonly number?: unknown };
}

async function json(path: string): Promise<unknown> {
  return readFile(path, 'utf8')
    .then((text) => JSON.parse(text) as unknown)
    .catch(() => null);
}

function pullRequestOption(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('A pull request has a number.');
  return Number(text);
}
