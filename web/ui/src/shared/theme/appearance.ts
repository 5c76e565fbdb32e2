import { useSyncExternalStore } from 'react';

/** How the page looks on this device. `public/theme.js` applies it before the first paint. */

export type Theme = 'light' | 'dark' | 'system';
export type Density = 'comfortable' | 'compact';

export interface Appearance {
  theme: Theme;
  density: Density;
  /** Whether keys without Ctrl do something: `g i`, `?`, `j`. */
  shortcuts: boolean;
}

const KEY = 'awgp.appearance';
const listeners = new Set<() => void>();
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

let current = load();

function load(): Appearance {
  let kept: Partial<Record<keyof Appearance, unknown>> = {};
  try {
    kept = (JSON.parse(localStorage.getItem(KEY) ?? '{}') ?? {}) as typeof kept;
  } catch {
    // Nothing kept, or not ours.
  }
  return {
    theme: kept.theme === 'light' || kept.theme === 'dark' ? kept.theme : 'system',
    density: kept.density === 'compact' ? 'compact' : 'comfortable',
    shortcuts: kept.shortcuts !== false,
  };
}

function apply(): void {
  const root = document.documentElement;
  const dark = current.theme === 'dark' || (current.theme === 'system' && systemIsDark.matches);
  root.classList.toggle('dark', dark);
  const colour = document.querySelector<HTMLMetaElement>('meta[name=theme-color]');
  if (colour !== null) colour.content = colour.dataset[dark ? 'dark' : 'light'] ?? '';
  root.dataset['density'] = current.density;
}

function changed(): void {
  apply();
  for (const listener of listeners) listener();
}

systemIsDark.addEventListener('change', changed);
addEventListener('storage', (event) => {
  if (event.key !== KEY) return;
  current = load();
  changed();
});

export function setAppearance(change: Partial<Appearance>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // Storage is off: it holds until the page is left.
  }
  changed();
}

export function appearance(): Appearance {
  return current;
}

export function useAppearance(): Appearance {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
