/** `knowngood report`: the incident report of a change, as a page, Markdown, JSON or signed evidence. */
import { writeFile } from 'node:fs/promises';
import type { Store } from '../../worker/store-access.ts';
import type { AddCommand } from '../command.ts';
import { optionsOf } from '../command.ts';
import { jsonVersion } from '../render/result.ts';
import { stop } from '../stop.ts';
import { useStore } from '../use-store.ts';
import { addReportKey, addVerify } from './report-evidence.ts';
import { verbatim } from '../render/text.ts';

interface Options {
  readonly html?: string;
  readonly evidence?: string;
  readonly md?: boolean;
}

export const addReport: AddCommand = (program, surroundings) => {
  const { io } = surroundings;
  const command = program
    .command('report')
    .description('show the incident report of a change')
    .argument('<change>', "<target>:<change id>, a change id, or a target: its newest change's")
    .option('--html <file>', 'write the page into this file')
    .option('--evidence <file>', 'write the signed evidence into this file')
    .option('--md', 'print Markdown (the default)')
    .action(async (name: string, _: unknown, self) => {
      const options = optionsOf<Options>(self);
      const { target, changeId, report } = await useStore(io, options, (store) => find(store, name));
      for (const [file, text] of [
        [options.html, report.html],
        [options.evidence, report.evidence],
      ] as const) {
        if (file === undefined) continue;
        if (text === null) throw unsigned(target, changeId);
        await writeFile(file, text);
        io.err(`wrote ${file}`);
      }
      if ((options.html ?? options.evidence) !== undefined && !options.json && !options.md) return;
      io.out(
        options.json
          ? JSON.stringify({ version: jsonVersion, target, changeId, report: report.json }, null, 2)
          : verbatim(report.markdown.trimEnd()),
      );
    });
  addVerify(command, surroundings);
  addReportKey(command, surroundings);
};

function unsigned(target: string, changeId: string): Error {
  return stop({
    code: 'not-signed',
    message: `the report of ${target}:${changeId} is not signed`,
    detail: 'The worker that wrote it had no key, or was of a release before 0.2.',
  });
}

async function find(store: Store, name: string) {
  const [, target, changeId] = /^(?:knowngood:)?([a-z0-9-]+):([a-z0-9-]+)$/.exec(name) ?? [];
  const change = target !== undefined && changeId !== undefined ? { target, changeId } : await byOneName(store, name);
  const report = await store.report(change.target, change.changeId);
  if (report !== null) return { ...change, report };
  throw stop({
    code: 'no-report',
    message: `there is no report of ${change.target}:${change.changeId}`,
    hint: 'A report is written when a change has ended; see "knowngood status".',
  });
}

async function byOneName(store: Store, name: string): Promise<{ target: string; changeId: string }> {
  const newest = await store.changes(name, 1);
  if (newest[0] !== undefined) return newest[0];
  const same = (await store.changes(null, 1000)).filter(({ changeId }) => changeId === name);
  if (same.length === 1 && same[0] !== undefined) return same[0];
  if (same.length === 0)
    throw stop({ code: 'unknown-change', message: `the store knows no change and no target "${name}"` });
  const names = same.map(({ target, changeId }) => `${target}:${changeId}`);
  throw stop({
    code: 'ambiguous',
    message: `change id "${name}" is used on ${same.length} targets`,
    hint: `Name one: ${names.join(', ')}.`,
  });
}
