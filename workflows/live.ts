/** What a running watch tells of its checks: shown to people, and never what a verdict is made of. */
import { parseSeen } from '../domain/checks/live.ts';
import { heedBystanders } from './bystanders.ts';
import { show, type Flow } from './flow.ts';
import { tellOnce } from './telling.ts';

export function seen(flow: Flow, input: unknown): void {
  // A late one speaks of a watch that is over.
  if (flow.phase !== 'watch' && flow.phase !== 'hold') return;
  const checks = (flow.change?.checks ?? []).map(({ name }) => name);
  const news = parseSeen(input, checks);
  const told = new Set(news.map(({ check }) => check));
  flow.live = [...flow.live.filter(({ check }) => !told.has(check)), ...news];
  show(flow);
  heedBystanders(flow, news);
  if (flow.live.some((own) => (own.failsInARow > 0 || own.worse) && decides(flow, own.check)))
    tellOnce(flow, 'failing');
}

function decides({ change, ignore }: Flow, name: string): boolean {
  const check = change?.checks.find((one) => one.name === name);
  return check?.level === 'required' && !ignore.includes(name);
}
