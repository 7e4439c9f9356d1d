/** Control characters, Markdown and HTML in words from outside: never raw on a terminal, on a page, or in the Web UI. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { startProcess, type Run } from '../support/cli.ts';
import { useRig } from '../support/rig.ts';

const rig = useRig({ soak: '500ms' });
const folder = mkdtempSync(join(tmpdir(), 'knowngood-hostile-words-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is in a code span or block is shown as it is. */
const withoutCode = (markdown: string): string => markdown.replace(/(?<![`\\])(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, '');

let files = 0;
function written(text: string): string {
  const path = join(folder, `change-${(files += 1)}.yaml`);
  writeFileSync(path, text);
  return path;
}
const knowngood = (...args: string[]): Promise<Run> => startProcess(args, { NO_COLOR: '1' }).done;
const applied = (change: string, ...args: string[]): Promise<Run> =>
  knowngood('apply', written(change), '--config', join(rig().folder, 'knowngood.yaml'), ...args);
const changeOf = (lines: string): string => `target: ${rig().targetName}\nreason: a test\n${lines}\n`;

describe('words with control characters, Markdown and HTML', () => {
  const evil = '\u001b[31mred\u001b[0m \u009b31m \u202egnp <script>alert(1)</script> [x](javascript:1) `tick` **bold**';

  it('never reach the terminal or the page raw', async () => {
    writeFileSync(join(folder, 'evil.conf'), `# ${evil}\nwork_mem = 6MB\n`);
    const hostile = changeOf(`change: { settings: { log_line_prefix: ${JSON.stringify(evil)} } }`);
    const config = join(rig().folder, 'knowngood.yaml');
    const id = 'evil-words';
    const runs = [
      await applied(hostile, '--change-id', id, '--reason', evil.replaceAll('\u001b', '')),
      await applied(hostile, '--reason', evil),
      await knowngood('plan', written(hostile), '--config', config),
      await knowngood('status', id, '--config', config),
      await knowngood('report', id, '--config', config),
      await knowngood('status', evil, '--config', config),
      await knowngood('abort', id, '--as', evil, '--reason', evil, '--config', config),
      await knowngood('apply', evil, '--config', config),
      await knowngood(evil),
      await knowngood('apply', `--${evil}`),
      await applied(`target: ${JSON.stringify(evil)}\nchange: { ${JSON.stringify(evil)}: 1 }\n`),
    ];
    for (const { out, err } of runs)
      expect(out + err).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(runs[0]?.code).toBe(0);
    const page = join(folder, 'report.html');
    await knowngood('report', id, '--html', page, '--config', config);
    expect(readFileSync(page, 'utf8')).not.toMatch(/<script>alert|[\u0000-\u0008\u001b\u009b\u202e]/);
    const handle = rig().client.workflow.getHandle(`knowngood:${rig().targetName}:${id}`);
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    const described = await handle.describe();
    const shown = [currentDetails, await described.staticSummary(), await described.staticDetails()].join('\n');
    expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(withoutCode(shown)).not.toMatch(/(^|[^\\])<script|[^\\]\*\*bold|[^\\]\]\(javascript/m);
  }, 120_000);

  it('and wide letters do not keep a change from being started', async () => {
    const run = await applied(changeOf('change: { settings: { work_mem: 6MB } }'), '--reason', '漢'.repeat(1_900));
    expect(run.code).toBe(0);
  }, 60_000);
});
