import { fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ReactElement } from 'react';
import { listenForShortcuts, shortcuts, useShortcut } from './shortcuts';
import { setAppearance } from '@/shared/theme/appearance';

const next = vi.fn();
const inbox = vi.fn();
let stop = (): void => undefined;

function Page({ dialog = false, enabled = true }): ReactElement {
  useShortcut({ keys: 'j', label: 'Next', section: 'List' }, next, enabled);
  useShortcut({ keys: 'g i', label: 'Inbox', section: 'Go to' }, inbox);
  return (
    <>
      <input aria-label="Reason" />
      <textarea aria-label="Text" />
      <button type="button">Button</button>
      {dialog && <div role="alertdialog">Sure?</div>}
    </>
  );
}

function press(key: string, further: KeyboardEventInit = {}, on: Element = document.body): void {
  fireEvent.keyDown(on, { key, ...further });
}

beforeEach(() => {
  next.mockClear();
  inbox.mockClear();
  setAppearance({ shortcuts: true });
  stop = listenForShortcuts();
});
afterEach(() => {
  stop();
});

test('a key does what it is registered for, and two in a row too', () => {
  render(<Page />);
  press('j');
  expect(next).toHaveBeenCalledTimes(1);
  press('g');
  press('i');
  expect(inbox).toHaveBeenCalledTimes(1);
});

test('a second key alone, or after another, does nothing', () => {
  render(<Page />);
  press('i');
  press('g');
  press('x');
  press('i');
  expect(inbox).not.toHaveBeenCalled();
});

test('keys rest while somebody types', () => {
  render(<Page />);
  press('j', {}, screen.getByLabelText('Reason'));
  press('j', {}, screen.getByLabelText('Text'));
  expect(next).not.toHaveBeenCalled();
  press('j', {}, screen.getByRole('button'));
  expect(next).toHaveBeenCalledTimes(1);
});

test('keys rest while a dialog asks something', () => {
  render(<Page dialog />);
  press('j');
  expect(next).not.toHaveBeenCalled();
});

test('the browser’s own combinations stay the browser’s', () => {
  render(<Page />);
  press('j', { ctrlKey: true });
  press('j', { metaKey: true });
  press('j', { altKey: true });
  expect(next).not.toHaveBeenCalled();
});

test('who turned single keys off is left alone (WCAG 2.1.4)', () => {
  setAppearance({ shortcuts: false });
  render(<Page />);
  press('j');
  expect(next).not.toHaveBeenCalled();
});

test('what is registered is what help lists, and no longer once the page is gone', () => {
  const { unmount, rerender } = render(<Page />);
  expect(shortcuts().map((each) => each.keys)).toEqual(['j', 'g i']);
  rerender(<Page enabled={false} />);
  expect(shortcuts().map((each) => each.keys)).toEqual(['g i']);
  unmount();
  expect(shortcuts()).toEqual([]);
  press('j');
  expect(next).not.toHaveBeenCalled();
});
