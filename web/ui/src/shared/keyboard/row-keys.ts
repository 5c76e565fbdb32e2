import { useShortcut } from './shortcuts';

/**
 * `j` and `k` go through a list's rows: they move the focus among its row links, so Enter opens
 * what a browser would open, and a screen reader says where one is.
 */

/** Of the link a row opens with; mark it with `data-row`. Its click area is the whole row. */
export const ROW_LINK = 'after:absolute after:inset-0 rounded-sm hover:underline font-medium';

export function useRowKeys(section: string): void {
  useShortcut({ keys: 'j', label: 'Next row', section }, () => {
    move(1);
  });
  useShortcut({ keys: 'k', label: 'Row before', section }, () => {
    move(-1);
  });
  useShortcut({ keys: 'Enter', label: 'Open the row', section }, () => {
    const link = document.activeElement;
    if (link instanceof HTMLElement && link.matches('[data-row]')) link.click();
  });
}

function move(by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('main [data-row]')];
  const at = links.findIndex((each) => each === document.activeElement);
  const to = at === -1 ? (by === 1 ? 0 : links.length - 1) : at + by;
  const next = links[Math.min(Math.max(to, 0), links.length - 1)];
  next?.focus({ focusVisible: true });
  next?.scrollIntoView({ block: 'nearest' });
}
