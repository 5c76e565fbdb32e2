import { useEffect, useEffectEvent } from 'react';
import { appearance } from '@/shared/theme/appearance';

/**
 * Keys of the whole page: one (`j`), or two in a row (`g i`). What is registered is what `?` shows.
 * They rest while somebody types, while a dialog is open, and where Settings turns them off.
 */

export interface Shortcut {
  keys: string;
  label: string;
  section: string;
}

interface Registered extends Shortcut {
  run: () => void;
}

const SEQUENCE_MS = 1_200;
const registered = new Set<Registered>();
let first: { key: string; at: number } | undefined;

export function useShortcut(
  { keys, label, section }: Shortcut,
  run: () => void,
  enabled = true,
): void {
  const act = useEffectEvent(run);
  useEffect(() => {
    if (!enabled) return undefined;
    const entry: Registered = {
      keys,
      label,
      section,
      run: () => {
        act();
      },
    };
    registered.add(entry);
    return () => {
      registered.delete(entry);
    };
  }, [keys, label, section, enabled]);
}

/** What works now, in the order it was registered. */
export function shortcuts(): readonly Shortcut[] {
  return [...registered];
}

export function listenForShortcuts(): () => void {
  const hear = (event: KeyboardEvent): void => {
    if (!isForUs(event)) return;
    const found = match(event.key, event.timeStamp);
    if (found === undefined) return;
    event.preventDefault();
    found.run();
  };
  addEventListener('keydown', hear);
  return () => {
    removeEventListener('keydown', hear);
  };
}

function isForUs(event: KeyboardEvent): boolean {
  if (!appearance().shortcuts || event.defaultPrevented) return false;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false;
  const target = event.target instanceof HTMLElement ? event.target : undefined;
  const types =
    target?.closest('input, textarea, select, [contenteditable], [role="menu"]') ?? null;
  // Enter on a link or a button is its own.
  if (event.key === 'Enter' && target?.closest('a, button, summary, [role="button"]')) return false;
  const checkable = target instanceof HTMLInputElement && target.type === 'checkbox';
  return (types === null || checkable) && document.querySelector('[role$="dialog"]') === null;
}

function match(key: string, now: number): Registered | undefined {
  const entries = [...registered].reverse(); // the page's own before the frame's
  const both = first !== undefined && now - first.at < SEQUENCE_MS ? `${first.key} ${key}` : key;
  const found = entries.find((each) => each.keys === both);
  const begins = entries.some((each) => each.keys.startsWith(`${key} `));
  first = found === undefined && begins ? { key, at: now } : undefined;
  return found ?? entries.find((each) => each.keys === key);
}
