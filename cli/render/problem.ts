/** Problems in PostgreSQL's form: message, DETAIL, HINT. The one renderer of errors. */
import type { Problem } from '../../domain/problem.ts';
import { printable } from './text.ts';

export interface Colors {
  red(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

export const noColors: Colors = { red: same, dim: same, bold: same, green: same, yellow: same };

export function renderProblems(problems: readonly Problem[], colors: Colors = noColors): string {
  return problems.map((problem) => renderProblem(problem, colors)).join('\n');
}

function renderProblem({ message, detail, hint }: Problem, colors: Colors): string {
  const lines = [`${colors.red('ERROR:')}  ${printable(message)}`];
  if (detail) lines.push(`${colors.dim('DETAIL:')}  ${printable(detail)}`);
  if (hint) lines.push(`${colors.dim('HINT:')}  ${printable(hint)}`);
  return lines.join('\n');
}

function same(text: string): string {
  return text;
}
