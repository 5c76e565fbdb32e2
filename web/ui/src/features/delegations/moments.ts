const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export function inDays(days: number): Date {
  return new Date(Date.now() + days * DAY_MS);
}

/** As `<input type="datetime-local">` writes it: local time, to the minute. */
export function toLocalInput(moment: Date): string {
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * MINUTE_MS);
  return local.toISOString().slice(0, 'YYYY-MM-DDTHH:MM'.length);
}
