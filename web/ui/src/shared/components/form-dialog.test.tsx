import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { FormDialog } from './form-dialog';
import { InputFault } from './input-fault';
import { Button } from './ui/button';
import { ProblemError } from '@/shared/api/problem';

function Edit({ etag, save }: { etag: string; save: (etag: string) => void }) {
  return (
    <FormDialog
      trigger={<Button>Edit</Button>}
      title="Edit it"
      description="It is changed at once."
      confirm="Save"
      onSubmit={async () => {
        await Promise.resolve();
        save(etag);
        return null;
      }}
    >
      <input aria-label="Text" defaultValue={etag} />
    </FormDialog>
  );
}

test('an edit names what was seen when the dialog opened, whatever came meanwhile', async () => {
  const save = vi.fn();
  const { rerender } = render(<Edit etag="one" save={save} />);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Edit' }));
  rerender(<Edit etag="two" save={save} />);
  await user.click(screen.getByRole('button', { name: 'Save' }));
  expect(save).toHaveBeenLastCalledWith('one');
  await user.click(screen.getByRole('button', { name: 'Edit' }));
  await user.click(screen.getByRole('button', { name: 'Save' }));
  expect(save).toHaveBeenLastCalledWith('two');
});

test('an edit of what another changed meanwhile can begin again from what is saved now', async () => {
  const detail = 'It was changed.';
  const stale = {
    type: 'urn:awgp:problem:precondition-failed',
    title: 'Stale',
    status: 412,
    detail,
  };
  const save = vi.fn((etag: string) => {
    if (etag === 'one') throw new ProblemError(stale);
  });
  const { rerender } = render(<Edit etag="one" save={save} />);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Edit' }));
  await user.type(screen.getByLabelText('Text'), ' mine');
  rerender(<Edit etag="two" save={save} />);
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await user.click(await screen.findByRole('button', { name: /^Begin again/ }));
  expect(screen.queryByRole('alert')).not.toBeInTheDocument();
  expect(screen.getByLabelText('Text')).toHaveValue('two');
  expect(screen.getByRole('status')).toHaveFocus();
  await user.click(screen.getByRole('button', { name: 'Save' }));
  expect(save).toHaveBeenLastCalledWith('two');
  expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
});

test('what cannot be sent as typed says what to change, and stays', async () => {
  const refuse = (): never => {
    throw new InputFault('The ceilings must be a JSON object.');
  };
  render(
    <FormDialog
      trigger={<Button>Edit</Button>}
      title="Edit it"
      description="It is changed at once."
      confirm="Save"
      onSubmit={() => Promise.resolve().then(refuse)}
    />,
  );
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Edit' }));
  await user.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('The ceilings must be a JSON object.');
  expect(screen.getByRole('alert')).not.toHaveTextContent('went wrong');
  expect(screen.getByRole('dialog')).toBeInTheDocument();
});
