/** Change windows: when a change may begin, by the wall clock of the people who keep watch. */
import type { ChangeWindow } from '../domain/change.ts';

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

const minutesOfDay = 24 * 60;

/** None at all: always. */
export function isInsideWindow(windows: readonly ChangeWindow[], at: Date): boolean {
  return windows.length === 0 || windows.some((window) => isInside(window, at));
}

function isInside({ days, from, to, timeZone }: ChangeWindow, at: Date): boolean {
  const { day, minute } = localTime(at, timeZone);
  const isOn = (one: number): boolean => days.length === 0 || days.includes(one);
  if (from < to) return isOn(day) && minute >= from && minute < to;
  const yesterday = day === 1 ? 7 : day - 1;
  return (isOn(day) && minute >= from) || (isOn(yesterday) && minute < to);
}

function localTime(at: Date, timeZone: string): { readonly day: number; readonly minute: number } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const minute = Number(parts['hour']) * 60 + Number(parts['minute']);
  return { day: dayNames.indexOf(parts['weekday'] ?? '') + 1, minute: minute % minutesOfDay };
}

/** `Mon Tue 22:00–05:00 Europe/Berlin`. */
export function windowText({ days, from, to, timeZone }: ChangeWindow): string {
  const time = (minute: number): string =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  const names = days.map((day) => dayNames[day - 1] ?? '').join(' ');
  return [...(names === '' ? [] : [names]), `${time(from)}–${time(to)}`, timeZone].join(' ');
}
