/** A place to run the commands of the pages in: a folder with the files that they name, and what they are said about. */
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { ChangeRequest } from '../../domain/change.ts';
import type { Phase } from '../../domain/phase.ts';
import { packageRoot } from '../../worker/stack/package-root.ts';
import { accept, edit, reload, sqlOn } from '../support/drift.ts';
import { eventually } from '../support/processes.ts';
import type { Rig } from '../support/rig.ts';
import { answerTo, commandsOf, type Page } from './pages.ts';
import type { Step } from './stories.ts';

export interface Ran {
  readonly code: number;
  /** Both streams. */
  readonly said: string;
}

export type House = ReturnType<typeof houseOf>;

const exec = promisify(execFile);

/** Programs that the pages name: `knowngood` as it was built, `npx` for it, `sudo` as whoever we are. */
export function programsIn(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const programs = {
    knowngood: `exec '${process.execPath}' '${packageRoot}/dist/cli/main.js' "$@"`,
    npx: 'exec "$@"',
    sudo: 'exec "$@"',
  };
  for (const [name, line] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

/** What hangs is to say what it waited for. */
const longestMs = 90_000;

export function shell(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd, env, maxBuffer: 16 * 1024 * 1024, timeout: longestMs };
    execFile('sh', ['-c', command], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), said: `${stdout}${stderr}` });
    });
  });
}

type Asked = Partial<ChangeRequest> & Pick<ChangeRequest, 'change'>;

export function houseOf(rig: Rig, page: Page) {
  const { folder, temporalAddress, targetName, client } = rig;
  const env = {
    HOME: folder,
    PATH: [programsIn(folder), process.env['PATH']].join(delimiter),
    TEMPORAL_ADDRESS: temporalAddress,
    KNOWNGOOD_DATA: join(folder, 'data'),
  };
  mkdirSync(env.KNOWNGOOD_DATA, { recursive: true });
  const signingKey = join(env.KNOWNGOOD_DATA, 'report-signing-key.pem');
  if (!existsSync(signingKey) && existsSync(join(folder, 'report-key.pem')))
    copyFileSync(join(folder, 'report-key.pem'), signingKey);
  const sh = (command: string): Promise<Ran> => shell(command, folder, env);
  const handle = (changeId: string) => client.workflow.getHandle(`knowngood:${targetName}:${changeId}`);
  const house = {
    ...rig,
    sh,
    /** Runs a command of the page, and holds it to what the step says. */
    async step(step: Step): Promise<void> {
      const { command, exit = 0, shows, asShown, before, meanwhile, steps = [], after, fill } = step;
      const blocks = page.blocks.filter((block) => commandsOf(block).includes(command));
      if (blocks.length === 0 && !page.spans.includes(command)) throw new Error(`${page.path} does not say ${command}`);
      await before?.(house);
      const filled = Object.entries((await fill?.(house)) ?? {}).reduce(
        (text, [word, by]) => text.replaceAll(word, by),
        command,
      );
      const running = sh(filled);
      await meanwhile?.(house);
      for (const one of steps) await house.step(one);
      const { code, said } = await running;
      const shown = asShown ? blocks.flatMap((block) => answerTo(command, block)) : [];
      const missing = shown.filter((line) => !said.includes(line.trim()));
      if (code !== exit || (shows && !shows.test(said)) || missing.length > 0)
        throw new Error(
          `${page.path}: ${filled}\nended in ${code}, not ${exit}, or does not show ${String(shows ?? missing.join('\n'))}:\n${said}`,
        );
      await after?.(house);
    },
    until: (what: string, command: string, shows: RegExp) =>
      eventually(what, async () => shows.test((await sh(command)).said), 30_000),
    /** The id of the known-good snapshot, as far as people type it. */
    async knownGood(): Promise<string> {
      return /[0-9a-f]{8,}/.exec((await sh(`knowngood snapshot show ${targetName} known-good`)).said)?.[0] ?? '';
    },
    async waits(phase: Phase, request: Asked): Promise<void> {
      await (await rig.start(request)).reaches(phase);
    },
    /** A change of low risk that is watched until somebody ends it. */
    async inForce(changeId: string): Promise<void> {
      const change = { kind: 'config', settings: { work_mem: '10MB' } } as const;
      await house.waits('watch', { changeId, change, overrides: { soak: '10m' } });
    },
    async ended(changeId: string, outcome: string): Promise<void> {
      const result = (await handle(changeId).result()) as { readonly outcome: string };
      if (result.outcome !== outcome) throw new Error(`${changeId} is ${result.outcome}, not ${outcome}`);
    },
    /** Approves the one that waits for that, a change or an acceptance. */
    async approved(): Promise<void> {
      const query = `WorkflowType IN ('guardedChange', 'acceptDrift') AND ExecutionStatus = 'Running'`;
      const approvedOne = async (): Promise<boolean> => {
        for await (const { workflowId } of client.workflow.list({ query })) {
          const waiting = client.workflow.getHandle(workflowId);
          const view = await waiting.query<{ phase: string }>('view').catch(() => null);
          if (view?.phase !== 'approve') continue;
          await waiting.executeUpdate('approve', { args: ['kim: seen'] });
          return true;
        }
        return false;
      };
      await eventually('it waits for approval', approvedOne, 30_000);
    },
    async pipelineDone(changeId: string): Promise<void> {
      await handle(changeId).executeUpdate('awaitArmed');
      await handle(changeId).executeUpdate('applied', { args: [{ exitCode: 0 }] });
      await house.ended(changeId, 'kept');
    },
    /** A pipeline restarts the server with another setting and fails; going back wants a restart that nobody has allowed. */
    async reverting(changeId: string): Promise<void> {
      await house.waits('approve', { changeId, change: { kind: 'external' } });
      await house.approved();
      await handle(changeId).executeUpdate('awaitArmed');
      await sqlOn(rig, 'alter system set max_connections = 77');
      await house.restart();
      await handle(changeId).executeUpdate('failed', { args: [{ exitCode: 1 }] });
      const shows = /revert-incomplete/;
      await house.until('the revert is not complete', `knowngood status ${targetName}:${changeId}`, shows);
      await house.until('people are called', `knowngood status ${targetName}:${changeId} --json`, /"acknowledge"/);
    },
    async restart(): Promise<void> {
      const [program = '', ...args] = rig.target.pgCtl('restart', '-m', 'fast', '-w');
      await exec(program, args);
    },
    async drifts(workMem: string): Promise<void> {
      await sqlOn(rig, `alter system set work_mem = '${workMem}'`);
      await reload(rig);
    },
    /** Somebody connects, and stays until that was noted. */
    async somebodySeen(): Promise<void> {
      const somebody = new pg.Client({ connectionString: rig.target.url(), application_name: 'somebody' });
      await somebody.connect();
      try {
        await house.until('somebody is seen', `knowngood access list ${targetName}`, /somebody/);
      } finally {
        await somebody.end();
      }
    },
    async ruleAdded(from: string): Promise<void> {
      await edit(rig, 'pg_hba.conf', (text) => `${text}host shop image_svc ${from} scram-sha-256\n`);
      await reload(rig);
    },
    async acceptanceAskedBy(requestedBy: string): Promise<void> {
      await (await accept(rig, { requestedBy })).reaches('approve');
    },
  };
  return house;
}
