/** What a rescue did. Pure. */
import type { Rescued } from '../../agent/rescue.ts';
import { oneLine } from '../../domain/markdown.ts';
import { noColors, renderProblems } from './problem.ts';
import type { Colors } from './problem.ts';

export function renderRescued(rescued: Rescued, colors: Colors = noColors): string {
  switch (rescued.kind) {
    case 'none':
      return 'no open change: nothing was done';
    case 'ended':
      return `${colors.bold(rescued.phase)}: change ${rescued.changeId}, by ${oneLine(rescued.by)}`;
    case 'reverted':
      return [
        colors.bold(colors.green('reverted, and proven')),
        ...rescued.items.filter(({ decision }) => decision !== 'nothing').map(({ summary }) => `  ${oneLine(summary)}`),
        ...rescued.proof.map((line) => `  proof: ${oneLine(line)}`),
        ...rescued.conflicts.map((line) => `  conflict: ${oneLine(line)}`),
        'The same change can come back: mend its source too (configuration management, the pipeline, the package).',
      ].join('\n');
    case 'incomplete':
      return `${colors.bold(colors.red('the revert is not complete'))}; run it again once this is mended:\n${renderProblems(rescued.remaining, colors)}`;
    default:
      return rescued satisfies never;
  }
}
