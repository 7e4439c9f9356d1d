/** What a revert would do, for people on the host. */
import { expect, it } from '@jest/globals';
import { renderRevert } from '../../cli/render/revert.ts';
import type { RevertItem } from '../../domain/plan.ts';

const item = (bend: Partial<RevertItem>): RevertItem => ({
  key: 'setting:work_mem',
  section: 'settings',
  action: 'none',
  effect: 'reload',
  summary: 'work_mem: 64MB → 4MB',
  decision: 'restore',
  ...bend,
});

it('tells decisions, effects, conflicts, and shows the diff', () => {
  const items = [
    item({}),
    item({
      key: 'role:a',
      decision: 'conflict-restored',
      effect: 'none',
      summary: 'alter role a login;',
      note: 'two of them',
    }),
    item({ key: 'file:/x', decision: 'nothing' }),
  ];
  expect(renderRevert({ items, effect: 'reload', diff: '+++ SQL for all databases\n+alter role a login;\n' })).toBe(
    [
      'a revert would (effect reload)',
      '  restore              reload  work_mem: 64MB → 4MB',
      '  restore, a conflict  none    alter role a login;',
      '  NOTE:  role:a: two of them',
      '',
      '+++ SQL for all databases',
      '+alter role a login;',
    ].join('\n'),
  );
});

it('says when there is nothing to do, and why it cannot be told', () => {
  expect(renderRevert({ items: [item({ decision: 'nothing' })], effect: 'none', diff: '' })).toMatch(/write nothing/);
  const problem = { code: 'no-key', message: 'key file /k does not exist', hint: 'Put it back.' };
  expect(renderRevert({ problem })).toBe(
    'what a revert would do cannot be told:\nERROR:  key file /k does not exist\nHINT:  Put it back.',
  );
});
