import { expect, test } from 'vitest';
import {
  awayText,
  clockText,
  jitterText,
  scheduleIn,
  tickText,
  timingIn,
  zonesToChoose,
} from './clock';

function form(fields: Record<string, string>): FormData {
  const made = new FormData();
  for (const [name, value] of Object.entries(fields)) made.set(name, value);
  return made;
}

test('a schedule is read from the form, and what is left empty goes back to its default', () => {
  const typed = { cron: ' 0 7 * * 1 ', zone: 'Europe/Berlin', jitter: '300', missed: 'once' };
  expect(scheduleIn(form({ ...typed, payload: '{"day": "{{ date }}"}' }))).toEqual({
    cron: '0 7 * * 1',
    zone: 'Europe/Berlin',
    jitter_seconds: 300,
    missed: 'once',
    payload: { day: '{{ date }}' },
  });
  expect(scheduleIn(form({ cron: '0 7 * * 1', zone: ' ', jitter: '', missed: 'never' }))).toEqual({
    cron: '0 7 * * 1',
    payload: {},
  });
});

test('what cannot be sent says what to change', () => {
  expect(() => timingIn(form({ cron: ' ' }))).toThrow('five fields');
  expect(() => scheduleIn(form({ cron: '* * * * *', payload: '[1]' }))).toThrow('The payload: ');
});

test('a tick is told by the clocks of its zone, on either side of their change', () => {
  expect(tickText('2026-03-23T06:00:00Z', 'Europe/Berlin')).toBe('Mon, 23 Mar 2026, 07:00');
  expect(tickText('2026-03-30T05:00:00Z', 'Europe/Berlin')).toBe('Mon, 30 Mar 2026, 07:00');
  expect(tickText('2026-03-30T00:00:00Z', 'UTC')).toBe('Mon, 30 Mar 2026, 00:00');
  expect(clockText('2026-03-30T05:04:12Z', 'Europe/Berlin')).toBe('07:04:12');
});

test('a zone that the browser does not know, and a name that is no moment, are still told', () => {
  expect(tickText('2026-03-30T05:00:00Z', 'Mars/Base')).toBe('Mon, 30 Mar 2026, 05:00 UTC');
  expect(tickText('by-hand', 'UTC')).toBe('by-hand');
});

test('zones are offered once each, UTC among them', () => {
  const zones = zonesToChoose();
  expect(zones).toContain('UTC');
  expect(zones).toContain('Europe/Berlin');
  expect(new Set(zones).size).toBe(zones.length);
});

test('jitter is said as people say it', () => {
  expect(jitterText(0)).toContain('on time');
  expect(jitterText(300)).toBe('Each is sent up to 5 minutes late');
  expect(jitterText(90)).toBe('Each is sent up to 90 seconds late');
});

test('how long it is until then is told to the minute, as far away as it may be', () => {
  const now = Date.parse('2026-05-04T05:00:30Z');
  expect(awayText('2026-05-04T05:01:00Z', now)).toBe('in less than a minute');
  expect(awayText('2026-05-04T06:05:30Z', now)).toBe('in 1h 05m');
  expect(awayText('2026-06-04T05:00:30Z', now)).toBe('in 31d 00h');
});
