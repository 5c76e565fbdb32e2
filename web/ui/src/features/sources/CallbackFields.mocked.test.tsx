import { render, screen, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { CallbackFields } from './CallbackFields';
import { callbacksIn } from './callbacks';

vi.mock('./target-names', () => ({
  useTargetNames: () => ({
    data: [{ name: 'flows', url: 'https://flows.example/hook?key=1' }],
    error: null,
  }),
}));

const A = { url: 'https://a.example/', target: 'a' };
const B = { url: 'https://b.example/', target: 'b' };

function said(): unknown {
  return callbacksIn(new FormData(screen.getByRole<HTMLFormElement>('form')));
}

test('rows are added and removed, and a target begins the address where there is none', async () => {
  const person = userEvent.setup();
  render(
    <form aria-label="Callbacks">
      <CallbackFields entries={[A, B]} />
    </form>,
  );
  await person.click(screen.getByRole('button', { name: 'Remove callback 1' }));
  expect(screen.getByRole('button', { name: 'One more' })).toHaveFocus();
  expect(said()).toEqual([B]);
  await person.click(screen.getByRole('button', { name: 'One more' }));
  const added = within(screen.getByRole('group', { name: 'Callback 2' }));
  await person.selectOptions(added.getByLabelText('Target'), 'flows');
  expect(said()).toEqual([B, { url: 'https://flows.example/hook', target: 'flows' }]);
  const first = within(screen.getByRole('group', { name: 'Callback 1' }));
  await person.selectOptions(first.getByLabelText('Target'), 'flows');
  expect(said()).toEqual([
    { ...B, target: 'flows' },
    { url: 'https://flows.example/hook', target: 'flows' },
  ]);
});
