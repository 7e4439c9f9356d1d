/** Who loses what it needs inside of a database: the same needs asked of the snapshot before and after. Pure. */
import type { Access } from './login.ts';
import type { AccessChange, Asked } from './impact.ts';
import { needInWords } from './need.ts';
import { type AskNeed, type Privileged, type PrivilegeSections, privilegesIn } from './privileges.ts';

export interface NeedSections {
  readonly before: PrivilegeSections;
  readonly after: PrivilegeSections;
  /** Database → why nothing about it is known afterwards. */
  readonly untold: ReadonlyMap<string, string>;
}

export function lostNeeds({ before, after, untold }: NeedSections, asked: readonly Asked[]): readonly AccessChange[] {
  const [was, is] = [askerOf(before), askerOf(after)];
  return asked.flatMap((one) =>
    (one.needs ?? []).flatMap((need): AccessChange[] => {
      const had = was(one.database)(one.user, need).reaches;
      const has = untoldOr(untold.get(one.database), is(one.database)(one.user, need).reaches);
      const verdict = verdictOf(had, has);
      if (verdict === null) return [];
      const words = needInWords(need);
      const because = has.kind === 'allowed' ? [] : [has.why];
      const { needs: _, ...principal } = one;
      return [
        {
          ...principal,
          need: words,
          verdict,
          example: one.from ?? '',
          before: accessOf(had),
          after: accessOf(has),
          because,
        },
      ];
    }),
  );
}

/** Each database is indexed once. */
function askerOf(sections: PrivilegeSections): (database: string) => AskNeed {
  const known = new Map<string, AskNeed>();
  return (database) => {
    const ask = known.get(database) ?? privilegesIn(sections, database);
    known.set(database, ask);
    return ask;
  };
}

function untoldOr(why: string | undefined, answer: Privileged): Privileged {
  return why === undefined || answer.kind !== 'allowed' ? answer : { kind: 'unknown', why, where: '' };
}

function verdictOf(before: Privileged, after: Privileged): AccessChange['verdict'] | null {
  if (after.kind === 'denied') return before.kind === 'allowed' ? 'lost' : null;
  if (after.kind === 'allowed') return before.kind === 'denied' ? 'gained' : null;
  return before.kind === 'allowed' ? 'unknown' : null;
}

function accessOf(answer: Privileged): Access {
  if (answer.kind === 'allowed') return { kind: 'allowed', where: null };
  if (answer.kind === 'denied') return { kind: 'denied', why: answer.why, sqlState: '42501', where: null };
  return { kind: 'unknown', why: answer.why, where: null };
}
