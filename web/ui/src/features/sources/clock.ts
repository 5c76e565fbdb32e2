import type { components } from '@/shared/api/schema';
import { textIn } from '@/shared/components/form-dialog';
import { duration } from '@/shared/components/time';
import { InputFault } from '@/shared/components/input-fault';
import { counted } from '@/shared/text/amounts';
import { objectIn } from '@/shared/text/json-input';

/** What a form says of when a source sends by the clock and what, and how people read it. */

export type Clock = components['schemas']['ClockView'];
export type Timing = components['schemas']['TimingBody'];
/** What the server makes of a timing, and the zone it was asked for. */
export type TimingRead = components['schemas']['TimingRead'] & { zone: string };
export type Schedule = components['schemas']['ScheduleBody'];
export type NewSchedule = components['schemas']['NewScheduleBody'];
export type Missed = Clock['missed'];

/** What becomes of ticks that nobody was there to send. */
export const MISSED: Record<Missed, string> = {
  skip: 'makes no run',
  once: 'is made up for by one run, of the latest',
  all: 'is made up for, each by a run: 100 at most, 31 days back',
};
export const MISSED_KINDS = Object.keys(MISSED) as Missed[];

export function timingIn(form: FormData): Timing {
  const cron = textIn(form, 'cron');
  if (cron === '') throw new InputFault('Say when: five fields, such as 0 7 * * 1.');
  return { cron, ...text(form, 'zone') };
}

/** All of it: what the form leaves empty goes back to its default. */
export function scheduleIn(form: FormData): Schedule {
  const typed = objectIn(textIn(form, 'payload') || '{}');
  if (typed.problem !== undefined) throw new InputFault(`The payload: ${typed.problem}`);
  const jitter = textIn(form, 'jitter');
  const missed = MISSED_KINDS.find((each) => each === textIn(form, 'missed'));
  return {
    ...timingIn(form),
    ...(jitter === '' ? {} : { jitter_seconds: Number(jitter) }),
    ...(missed === undefined ? {} : { missed }),
    payload: typed.value,
  };
}

export function jitterText(seconds: number): string {
  if (seconds === 0) return 'None: each is sent on time';
  const span = seconds % 60 === 0 ? counted(seconds / 60, 'minute') : counted(seconds, 'second');
  return `Each is sent up to ${span} late`;
}

/** A tick as the schedule's own zone has it: `Mon, 4 May 2026, 07:00`. */
export function tickText(moment: string, zone: string): string {
  return zoned(moment, zone, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** When a tick is sent, to the second: `07:04:12`. */
export function clockText(moment: string, zone: string): string {
  return zoned(moment, zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** How long until then, from `now` in milliseconds: `in 3d 04h`. */
export function awayText(moment: string, now: number): string {
  const seconds = Math.floor((new Date(moment).getTime() - now) / 1_000);
  return seconds < 60 ? 'in less than a minute' : `in ${duration(seconds - (seconds % 60))}`;
}

/** The browser's own zone first: it is the likeliest, and UTC is not among those it lists. */
export function zonesToChoose(): string[] {
  return [...new Set([ownZone(), 'UTC', ...Intl.supportedValuesOf('timeZone')])];
}

export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function zoned(moment: string, zone: string, parts: Intl.DateTimeFormatOptions): string {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return moment;
  const format = { ...parts, hourCycle: 'h23' } as const;
  try {
    return new Intl.DateTimeFormat('en-GB', { ...format, timeZone: zone }).format(at);
  } catch {
    // The server knows zones that this browser does not.
    return `${new Intl.DateTimeFormat('en-GB', { ...format, timeZone: 'UTC' }).format(at)} UTC`;
  }
}

function text(form: FormData, name: string): Record<string, string> {
  const said = textIn(form, name);
  return said === '' ? {} : { [name]: said };
}
