/** What `guard`, `apply` and `plan` answered with `--json`, read again by the step of a pipeline that tells it. */
import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { PlanSummary } from '../../domain/plan.ts';
import type { Problem } from '../../domain/problem.ts';
import type { ExitCode } from '../exit-codes.ts';
import { exitMeanings } from '../exit-codes.ts';
import { jsonVersion } from '../render/result.ts';
import { stop } from '../stop.ts';

export interface Answer {
  readonly exitCode: ExitCode;
  /** null: it ended before there was one. */
  readonly target: string | null;
  readonly changeId: string | null;
  readonly workflowId: string | null;
  /** null: a plan, a change that is open, or an error. */
  readonly outcome: string | null;
  readonly reason: string | null;
  /** One sentence; null for a plan. */
  readonly summary: string | null;
  readonly problems: readonly Problem[];
  readonly plan: PlanSummary | null;
}

/** An answer without bodies is far smaller. */
const mostBytes = 4 * 1024 * 1024;

const nameShape = z.string().regex(/^[a-z0-9-]{1,63}$/);
const problemShape = z.object({
  code: z.string(),
  message: z.string(),
  detail: z.string().optional(),
  hint: z.string().optional(),
});
const planShape = z.looseObject({
  hash: z.string(),
  items: z.array(z.looseObject({ key: z.string(), action: z.string(), effect: z.string(), summary: z.string() })),
  moreItems: z.number(),
  effect: z.string(),
  risk: z.string(),
  diff: z.string(),
  warnings: z.array(z.string()),
});
const exitCodeShape = z.custom<ExitCode>((value) => typeof value === 'number' && value in exitMeanings);
const answerShape = z.looseObject({
  version: z.literal(jsonVersion),
  exitCode: exitCodeShape,
  target: nameShape.optional(),
  changeId: nameShape.optional(),
  workflowId: z.string().max(200).optional(),
  outcome: z.string().nullish(),
  reason: z.string().optional(),
  summary: z.string().optional(),
  why: z.string().optional(),
  phase: z.string().nullish(),
  problems: z.array(problemShape).optional(),
  plan: planShape.optional(),
});

export async function readAnswer(file: string): Promise<Answer> {
  const text = await readBounded(file);
  const read = answerShape.safeParse(json(text));
  if (read.success) return answerOf(read.data);
  throw stop({
    code: 'no-answer',
    message: `"${file}" holds no answer of knowngood`,
    detail:
      text.trim() === '' ? 'It is empty: the command was ended before it could answer.' : z.prettifyError(read.error),
    hint: 'It is what "knowngood guard|apply|plan --json" writes to stdout. An open change goes on: see "knowngood status".',
  });
}

function answerOf(data: z.infer<typeof answerShape>): Answer {
  const { exitCode, outcome = null, phase = null, why } = data;
  return {
    exitCode,
    target: data.target ?? null,
    changeId: data.changeId ?? null,
    workflowId: data.workflowId ?? null,
    outcome,
    reason: data.reason ?? null,
    summary: data.summary ?? (why === undefined ? null : `${why}; the change goes on in phase ${phase ?? 'unknown'}`),
    problems: (data.problems ?? []) as readonly Problem[],
    plan: (data.plan ?? null) as PlanSummary | null,
  };
}

/** '' where there is none: the command was ended before it wrote. */
async function readBounded(path: string): Promise<string> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw stop({ code: 'unreadable-file', message: `could not read "${path}": ${error.code ?? 'unknown error'}` });
  });
  try {
    const buffer = Buffer.alloc(mostBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0) return buffer.toString('utf8', 0, length);
      if (length > mostBytes) throw stop({ code: 'too-large', message: `"${path}" is larger than ${mostBytes} bytes` });
    }
  } finally {
    await file.close();
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
