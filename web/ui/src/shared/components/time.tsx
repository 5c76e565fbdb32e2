import type { ReactElement } from 'react';
import { useQuarterMinutes, useSeconds } from './clock';
import { cn } from './ui/cn';

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;
const SOON_SECONDS = 45;
const WEEK_SECONDS = 7 * 86_400;

/** How long ago, with the exact time one hover (or one screen reader) away. */
export function Time({
  value,
  mode = 'relative',
  className,
}: {
  value: string;
  mode?: 'relative' | 'absolute';
  className?: string;
}): ReactElement {
  const now = useQuarterMinutes();
  const moment = new Date(value);
  const exact = absolute.format(moment);
  return (
    <time dateTime={value} title={exact} className={cn('tabular whitespace-nowrap', className)}>
      {mode === 'absolute' ? exact : ago(moment, now)}
    </time>
  );
}

export function ago(moment: Date, now: number): string {
  const seconds = Math.round((moment.getTime() - now) / 1000);
  if (Math.abs(seconds) < SOON_SECONDS) return 'just now';
  if (Math.abs(seconds) > WEEK_SECONDS) return day.format(moment);
  const [unit, size] = UNITS.find((each) => Math.abs(seconds) >= each[1]) ?? ['minute', 60];
  return relative.format(Math.round(seconds / size), unit);
}

/** How long until then. It is read out when asked for, never every second. */
export function Countdown({
  until,
  urgentSeconds = 300,
  className,
}: {
  until: string;
  urgentSeconds?: number;
  className?: string;
}): ReactElement {
  const left = Math.max(0, Math.floor((new Date(until).getTime() - useSeconds()) / 1000));
  const urgent = left <= urgentSeconds;
  return (
    <time
      dateTime={until}
      title={absolute.format(new Date(until))}
      className={cn('tabular whitespace-nowrap', urgent && 'font-medium text-bad', className)}
    >
      {left === 0 ? 'expired' : duration(left)}
    </time>
  );
}

/** `2d 3h`, `3h 05m`, `4m 09s`, `9s`: the two largest units. */
export function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [Math.floor(seconds) % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .map(([amount, unit], at) => (at === 0 ? `${amount}` : String(amount).padStart(2, '0')) + unit)
    .join(' ');
}
