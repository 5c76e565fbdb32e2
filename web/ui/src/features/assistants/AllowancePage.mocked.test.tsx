import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { AllowancePage } from './AllowancePage';
import type { Assistant } from './assistants';
import { ProblemError } from '@/shared/api/problem';

const { assistant, save } = vi.hoisted(() => {
  const current = { sandbox_policy: { network: [{ url: 'https://a.example/' }] }, ceilings: {} };
  const data = { name: 'typist', version: 1, current } as unknown as Assistant;
  return { assistant: { data, etag: '"1"' }, save: vi.fn() };
});
vi.mock('@tanstack/react-router', () => ({
  getRouteApi: () => ({ useParams: () => ({ assistant: 'typist' }), useNavigate: () => vi.fn() }),
  Link: () => null,
}));
vi.mock('./assistants', () => ({
  useAssistant: () => ({ data: assistant, error: null }),
  useNewVersion: () => ({ mutateAsync: save, isPending: false }),
}));
vi.mock('./sandbox', () => ({
  useSandbox: () => ({ error: null }),
  useTryAllowance: () => ({ reset: vi.fn(), isPending: false }),
  useCredentialNames: () => [],
}));
vi.mock('@/shared/session/tenant', () => ({ useHasRole: () => true, useTenant: () => 'acme' }));

beforeEach(() => {
  save.mockReset();
  // jsdom lays nothing out.
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe = vi.fn();
      unobserve = vi.fn();
    },
  );
});

interface Fault {
  field: string;
  detail: string;
}

/** Save, and be refused for these fields. */
async function refused(first: Fault, ...more: Fault[]): Promise<void> {
  const errors = [first, ...more];
  const problem = {
    type: 'urn:awgp:problem:request-invalid',
    title: 'Invalid',
    status: 422,
    detail: errors.map((each) => `${each.field}: ${each.detail}`).join('; '),
    field: first.field,
    ...(more.length > 0 && { errors }),
  };
  save.mockRejectedValue(new ProblemError(problem));
  render(<AllowancePage />);
  await userEvent.click(screen.getByRole('button', { name: 'Save the version' }));
}

test('a refused limit is said at its field, which has the keyboard', async () => {
  await refused({ field: 'limits.memory_bytes', detail: 'at least 16 MiB' });
  const field = screen.getByLabelText('MiB of memory');
  expect(field).toBeInvalid();
  expect(field).toHaveAccessibleDescription('at least 16 MiB');
  expect(field).toHaveFocus();
  expect(screen.queryByRole('alert')).not.toBeInTheDocument();
});

test('of several the first in the form has the keyboard', async () => {
  await refused(
    { field: 'limits.processes', detail: 'too many' },
    { field: 'allow.network.0.url', detail: 'no address' },
  );
  expect(screen.getByLabelText('Processes and threads')).toBeInvalid();
  expect(screen.getByLabelText('Address')).toHaveAccessibleDescription('no address');
  expect(screen.getByLabelText('Address')).toHaveFocus();
  expect(screen.queryByRole('alert')).not.toBeInTheDocument();
});

test('what is of no field is said in the notice, alone', async () => {
  await refused(
    { field: 'limits.processes', detail: 'too many' },
    { field: 'allow.later.size', detail: 'too large' },
  );
  expect(screen.getByLabelText('Processes and threads')).toHaveFocus();
  expect(screen.getByRole('alert')).toHaveTextContent('too large');
  expect(screen.getByRole('alert')).not.toHaveTextContent('too many');
});
