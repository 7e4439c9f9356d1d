/**
 * A composite action, run as GitHub's runner runs one: each step with its own environment files and in a bash of its own,
 * every line of its output read for workflow commands in both of their forms.
 *
 * Its limits: of expressions it knows `inputs`, `github`, `steps.*.outputs`, `always()`, `==`, `!=` and `&&`; steps are
 * `shell: bash`; nothing is masked.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

interface Step {
  readonly id?: string;
  readonly name: string;
  readonly if?: string;
  readonly shell: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly run: string;
}

export interface WorkflowCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

export interface ActionRun {
  /** Of the step that failed; 0: none did. */
  readonly code: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly commands: readonly WorkflowCommand[];
  readonly summary: string;
  /** What steps have set for later ones through $GITHUB_ENV. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
}

export interface Job {
  /** $RUNNER_TEMP; there is one a job. */
  readonly temp: string;
  readonly workspace: string;
  /** What the job's own environment holds, PATH among it. */
  readonly env: NodeJS.ProcessEnv;
  readonly token?: string;
  /** Called with each line, and how the job is cancelled: SIGINT to the shell of the step that runs. */
  readonly onLine?: (line: string, cancel: () => void) => void;
}

export async function runAction(file: string, inputs: Readonly<Record<string, string>>, job: Job): Promise<ActionRun> {
  const action = parse(readFileSync(file, 'utf8')) as Action;
  const unknown = Object.keys(inputs).filter((name) => !(name in action.inputs));
  if (unknown.length > 0) throw new Error(`action.yml has no input ${unknown.join(', ')}`);
  const github = { token: job.token ?? '' };
  const outputs: Record<string, Record<string, string>> = {};
  const scope: Scope = { github, inputs: {}, steps: outputs, failed: false };
  scope.inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, { default: fallback = '' }]) => [
      name,
      inputs[name] ?? fill(fallback, scope),
    ]),
  );
  const all: { commands: WorkflowCommand[]; log: string; summary: string } = { commands: [], log: '', summary: '' };
  const env: Record<string, string> = {};
  let path = job.env['PATH'] ?? '';
  let code = 0;
  for (const [index, step] of action.runs.steps.entries()) {
    scope.failed = code !== 0;
    if (!holds(step.if ?? 'success()', scope)) continue;
    const folder = join(job.temp, '_runner_file_commands', `${index}-${randomUUID()}`);
    mkdirSync(folder, { recursive: true });
    const files = { env: join(folder, 'env'), output: join(folder, 'output'), path: join(folder, 'path') };
    const summaryFile = join(folder, 'step_summary');
    for (const name of [...Object.values(files), summaryFile]) writeFileSync(name, '');
    const own = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, text]) => [name, fill(text, scope)]));
    const script = join(folder, 'script.sh');
    writeFileSync(script, fill(step.run, scope));
    const ran = await runBash(script, job, {
      ...job.env,
      ...env,
      ...own,
      PATH: path,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      RUNNER_TEMP: job.temp,
      GITHUB_ENV: files.env,
      GITHUB_OUTPUT: files.output,
      GITHUB_PATH: files.path,
      GITHUB_STEP_SUMMARY: summaryFile,
    });
    all.commands.push(...ran.commands);
    all.log += ran.log;
    all.summary += readFileSync(summaryFile, 'utf8');
    Object.assign(env, fileCommands(readFileSync(files.env, 'utf8')));
    for (const line of readFileSync(files.path, 'utf8').split('\n').filter(Boolean)) path = `${line}:${path}`;
    if (step.id !== undefined) outputs[step.id] = fileCommands(readFileSync(files.output, 'utf8'));
    if (ran.code !== 0 && code === 0) code = ran.code;
  }
  const named = Object.entries(action.outputs).map(([name, { value }]) => [name, fill(value, scope)] as const);
  return { code, outputs: Object.fromEntries(named), env, ...all };
}

interface Scope {
  inputs: Readonly<Record<string, string>>;
  readonly github: Readonly<Record<string, string>>;
  readonly steps: Readonly<Record<string, Readonly<Record<string, string>>>>;
  failed: boolean;
}

function fill(text: string, scope: Scope): string {
  return text.replace(/\$\{\{ (.*?) \}\}/g, (_, expression: string) => value(expression, scope));
}

function value(expression: string, { inputs, github, steps }: Scope): string {
  const literal = /^'([^']*)'$/.exec(expression);
  if (literal) return literal[1] ?? '';
  const [, root, rest = ''] = /^(inputs|github|steps)\.([\w.-]+)$/.exec(expression) ?? [];
  const [step = '', word, output = ''] = rest.split('.');
  if (root === 'inputs') return inputs[rest] ?? '';
  if (root === 'github') return github[rest] ?? '';
  if (root === 'steps' && word === 'outputs') return steps[step]?.[output] ?? '';
  throw new Error(`an expression that the stand-in does not know: ${expression}`);
}

function holds(condition: string, scope: Scope): boolean {
  const terms = condition.replace(/^\$\{\{ (.*) \}\}$/, '$1').split(' && ');
  if (scope.failed && !terms.includes('always()')) return false;
  return terms.every((term) => {
    if (/^(always|success)\(\)$/.test(term)) return true;
    const [left = '', operator, right = ''] = term.split(/ (==|!=) /);
    return (value(left, scope) === value(right, scope)) === (operator === '==');
  });
}

/** `shell: bash` of the runner's documentation. */
function runBash(
  script: string,
  { workspace, onLine }: Job,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number; commands: WorkflowCommand[]; log: string }> {
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
    cwd: workspace,
    env,
    stdio: 'pipe',
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const whole = (rest + text).split(/\r?\n/);
      rest = whole.pop() ?? '';
      for (const line of whole) {
        lines.push(line);
        onLine?.(line, () => child.kill('SIGINT'));
      }
    });
    stream.on('end', () => rest !== '' && lines.push(rest));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code: code ?? 1, commands: workflowCommands(lines), log: `${lines.join('\n')}\n` }),
    );
  });
}

const known = new Set(
  'error warning notice debug group endgroup set-output save-state set-env add-path add-mask add-matcher remove-matcher echo stop-commands internal-set-repo-path'.split(
    ' ',
  ),
);

/** What the runner would obey. Stopped commands begin again at the token; the name of a command is no token. */
export function workflowCommands(lines: readonly string[]): WorkflowCommand[] {
  const found: WorkflowCommand[] = [];
  let stopped: string | null = null;
  for (const line of lines) {
    const names: ReadonlySet<string> = stopped === null ? known : new Set([stopped]);
    const command: WorkflowCommand | null = secondForm(line, names) ?? firstForm(line, names);
    if (command === null) continue;
    if (stopped !== null) stopped = null;
    else if (command.name === 'stop-commands') stopped = command.data;
    else found.push(command);
  }
  if (stopped !== null) throw new Error('the step ended with its commands stopped');
  return found;
}

/** `::name key=value,key=value::data`, after white space only. */
function secondForm(line: string, names: ReadonlySet<string>): WorkflowCommand | null {
  const text = line.trimStart();
  const end = text.startsWith('::') ? text.indexOf('::', 2) : -1;
  return end < 0 ? null : commandOf(text.slice(2, end), text.slice(end + 2), ',', names);
}

/** `##[name key=value;key=value]data`, anywhere in the line. */
function firstForm(line: string, names: ReadonlySet<string>): WorkflowCommand | null {
  const start = line.indexOf('##[');
  const end = start < 0 ? -1 : line.indexOf(']', start);
  return end < 0 ? null : commandOf(line.slice(start + 3, end), line.slice(end + 1), ';', names);
}

function commandOf(info: string, data: string, separator: string, names: ReadonlySet<string>): WorkflowCommand | null {
  const [name = '', ...rest] = info.split(' ');
  if (!names.has(name)) return null;
  const pairs = rest
    .join(' ')
    .split(separator)
    .map((pair) => pair.trim().split(/=(.*)/s))
    .filter(([key, text]) => key && text)
    .map(([key = '', text = '']) => [key, unescape(text)] as const);
  return { name, properties: Object.fromEntries(pairs), data: unescape(data) };
}

function unescape(text: string): string {
  const characters = { '%0D': '\r', '%0A': '\n', '%3A': ':', '%2C': ',', '%3B': ';', '%5D': ']', '%25': '%' };
  return Object.entries(characters).reduce((so, [code, character]) => so.replaceAll(code, character), text);
}

/** An environment file: `NAME=value`, or a value between delimiters. */
function fileCommands(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split('\n');
  while (lines.length > 0) {
    const line = lines.shift() ?? '';
    if (line === '') continue;
    const [, name = '', kind, rest = ''] = /^(.*?)(=|<<)(.*)$/.exec(line) ?? [];
    if (kind === undefined) throw new Error(`not a line of an environment file: ${line}`);
    if (kind === '=') {
      values[name] = rest;
      continue;
    }
    const end = lines.indexOf(rest);
    if (end < 0) throw new Error(`the delimiter does not come again: ${rest}`);
    values[name] = lines
      .splice(0, end + 1)
      .slice(0, -1)
      .join('\n');
  }
  return values;
}
