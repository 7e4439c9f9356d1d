/** What a PostgreSQL error says about the dependent's access, by SQLSTATE. */
import type { SampleClass } from '../domain/check.ts';

const byState: Readonly<Record<string, SampleClass>> = {
  '28000': 'access',
  '28P01': 'access',
  '42501': 'privilege',
  '53300': 'limits',
  '3D000': 'missing-database',
  '57P03': 'starting-up',
  // The server goes down for a restart: the same warm-up, seen from its other end.
  '57P01': 'starting-up',
  '57P02': 'starting-up',
  '57014': 'timeout',
};

export function classOf(sqlstate: string): SampleClass {
  return byState[sqlstate] ?? 'query';
}
