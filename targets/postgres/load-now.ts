/** What goes on at the server just now that makes a restart, or locks, worse than at another time. */
import type { RiskReason } from '../../domain/plan/risk.ts';
import type { Session } from './session.ts';

const loadQuery = `
  select (select count(*)::int from pg_catalog.pg_stat_activity
          where backend_type = 'client backend' and xact_start < now() - $1 * interval '1 second') as transactions,
         (select extract(epoch from max(now() - xact_start))::int from pg_catalog.pg_stat_activity
          where backend_type = 'client backend') as "longestS",
         (select extract(epoch from max(replay_lag))::int from pg_catalog.pg_stat_replication) as "lagS"`;

/** From when on a transaction is long, and a standby behind: seconds. */
const usual = { longS: 300, lagS: 30 };

export async function loadReasons(session: Session, { longS, lagS: mostLagS } = usual): Promise<readonly RiskReason[]> {
  const [row] = await session.rows<{ transactions: number; longestS: number | null; lagS: number | null }>(loadQuery, [
    longS,
  ]);
  const { transactions = 0, longestS = 0, lagS = 0 } = row ?? {};
  const minutes = Math.floor((longestS ?? 0) / 60);
  return [
    ...(transactions > 0
      ? [
          {
            rule: 'longTransactions',
            text: `${transactions} transaction(s) run for more than ${longS / 60} min, the longest for ${minutes} min`,
          } as const,
        ]
      : []),
    ...((lagS ?? 0) > mostLagS ? [{ rule: 'replicaLag', text: `a standby is ${lagS} s behind` } as const] : []),
  ];
}
