/** What the doctor found: one line, and problems in their usual form. */
import type { Problem } from '../../domain/problem.ts';

export interface Finding {
  readonly mark: 'ok' | 'note' | 'problem';
  /** `temporal`, `target shop-db`. */
  readonly what: string;
  readonly text: string;
  readonly hint?: string;
  /** What a superuser runs to mend it; lines that begin with `--` are words. */
  readonly sql?: readonly string[];
}

export const ok = (what: string, text: string): Finding => ({ mark: 'ok', what, text });
export const note = (what: string, text: string, hint?: string): Finding => ({
  mark: 'note',
  what,
  text,
  ...(hint === undefined ? {} : { hint }),
});

export function problems(what: string, found: readonly Problem[]): Finding[] {
  return found.map(({ message, detail, hint }) => ({
    mark: 'problem' as const,
    what,
    text: detail === undefined ? message : `${message} (${detail})`,
    ...(hint === undefined ? {} : { hint }),
  }));
}

/** Turns whatever a look threw into findings. */
export async function looking(what: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    const {
      problems: own,
      message,
      hint,
      detail,
    } = error as Error & Partial<Problem> & { readonly problems?: readonly Problem[] };
    const single: Problem = {
      code: 'failed',
      message,
      ...(detail === undefined ? {} : { detail }),
      ...(hint === undefined ? {} : { hint }),
    };
    return problems(what, own ?? [single]);
  }
}
