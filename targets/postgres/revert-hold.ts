/** Holds a revert's restart back while it would raise what a standby must have as well, and has not. */
import type { Problem } from '../../domain/problem.ts';
import type { Parts } from './parts.ts';
import { restartProblems } from './standbys.ts';
import { messageOf } from './target-error.ts';

/**
 * Empty: nothing speaks against it; lowering never does. Asked once the files are back: with them a restart would also
 * take what somebody else has written there.
 */
export async function heldByStandbys(parts: Parts): Promise<readonly Problem[]> {
  try {
    return await restartProblems(parts);
  } catch (error) {
    return [
      {
        code: 'standby-unknown',
        message: 'whether standbys could follow a restart with the old settings could not be asked',
        detail: messageOf(error),
      },
    ];
  }
}
