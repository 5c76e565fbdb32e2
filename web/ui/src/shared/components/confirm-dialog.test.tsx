import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { ConfirmDialog } from './confirm-dialog';
import { Button } from './ui/button';
import { ProblemError } from '@/shared/api/problem';

function show(onConfirm: () => Promise<unknown>): void {
  render(
    <ConfirmDialog
      trigger={<Button>Remove</Button>}
      title="Remove ledger?"
      confirm="Remove the target"
      danger
      onConfirm={onConfirm}
    >
      Nothing is delivered to it any more.
    </ConfirmDialog>,
  );
}

test('nothing happens before the verb is pressed, and Escape and Cancel change nothing', async () => {
  const onConfirm = vi.fn(() => Promise.resolve());
  show(onConfirm);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Remove' }));
  const dialog = screen.getByRole('alertdialog', { name: 'Remove ledger?' });
  expect(dialog).toHaveAccessibleDescription('Nothing is delivered to it any more.');
  expect(screen.getByRole('button', { name: 'Cancel' })).toHaveFocus();
  await user.keyboard('{Escape}');
  expect(screen.queryByRole('alertdialog')).toBeNull();
  expect(screen.getByRole('button', { name: 'Remove' })).toHaveFocus();
  await user.click(screen.getByRole('button', { name: 'Remove' }));
  await user.click(screen.getByRole('button', { name: 'Cancel' }));
  expect(onConfirm).not.toHaveBeenCalled();
});

test('it closes once the deed is done', async () => {
  const onConfirm = vi.fn(() => Promise.resolve());
  show(onConfirm);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Remove' }));
  await user.click(screen.getByRole('button', { name: 'Remove the target' }));
  await waitFor(() => {
    expect(screen.queryByRole('alertdialog')).toBeNull();
  });
  expect(onConfirm).toHaveBeenCalledTimes(1);
});

test('it stays, and says why, where the server refuses; the next try begins without it', async () => {
  const problem = new ProblemError({
    type: 'urn:awgp:problem:target-in-use',
    title: 'In use',
    status: 409,
    detail: 'invoice-booker delivers to it.',
  });
  const onConfirm = vi.fn(() => Promise.resolve()).mockRejectedValueOnce(problem);
  show(onConfirm);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Remove' }));
  await user.click(screen.getByRole('button', { name: 'Remove the target' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('invoice-booker delivers to it.');
  expect(screen.getByRole('alertdialog')).toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'Remove the target' }));
  await waitFor(() => {
    expect(screen.queryByRole('alertdialog')).toBeNull();
  });
});

test('while it is under way it cannot be pressed twice', async () => {
  let finish: () => void = () => undefined;
  const onConfirm = vi.fn(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  show(onConfirm);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Remove' }));
  await user.dblClick(screen.getByRole('button', { name: 'Remove the target' }));
  expect(onConfirm).toHaveBeenCalledTimes(1);
  expect(screen.getByRole('button', { name: 'Remove the target' })).toHaveAttribute(
    'aria-disabled',
    'true',
  );
  finish();
  await waitFor(() => {
    expect(screen.queryByRole('alertdialog')).toBeNull();
  });
});
