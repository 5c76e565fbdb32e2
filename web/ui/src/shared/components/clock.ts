import { useSyncExternalStore } from 'react';

/** One clock for the whole page, at two speeds: nothing on screen has a timer of its own. */

function makeClock(everyMs: number): (listener: () => void) => () => void {
  const listeners = new Set<() => void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  return (listener) => {
    listeners.add(listener);
    timer ??= setInterval(() => {
      for (const each of listeners) each();
    }, everyMs);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  };
}

const SECOND_MS = 1_000;
const SLOW_MS = 15_000;
const everySecond = makeClock(SECOND_MS);
const everyWhile = makeClock(SLOW_MS);

/** Milliseconds since 1970, whole seconds: changes each second. */
export function useSeconds(): number {
  return useSyncExternalStore(everySecond, () => Math.floor(Date.now() / SECOND_MS) * SECOND_MS);
}

/** The same, changing every quarter of a minute. */
export function useQuarterMinutes(): number {
  return useSyncExternalStore(everyWhile, () => Math.floor(Date.now() / SLOW_MS) * SLOW_MS);
}
