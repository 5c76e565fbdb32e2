import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook, waitFor } from '@testing-library/react';
import type { ReactElement, ReactNode } from 'react';
import { expect, test, vi } from 'vitest';
import { useRunLog } from './run-log';

const { ask, live } = vi.hoisted(() => ({
  ask: vi.fn(),
  live: { tell: (_: object): void => undefined },
}));
vi.mock('@/shared/api/client', () => ({
  apiOf: () => ({ GET: ask }),
  read: (all: unknown) => all,
}));
vi.mock('@/shared/session/tenant', () => ({ useTenant: () => 'acme' }));
vi.mock('@/shared/live/live', () => ({
  useFollowRun: () => undefined,
  useLiveEvents: (handler: (event: object) => void) => {
    live.tell = handler;
  },
}));

function page(...sequences: number[]) {
  const lines = sequences.map((sequence) => ({ sequence, stream: 'stdout', text: '' }));
  return { execution_id: 'e', lines, ended: false, truncated: false, after: null };
}

test('an answer on its way is waited for, however fast lines come, and then asked for more', async () => {
  const client = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }): ReactElement => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  ask.mockResolvedValueOnce(page(0));
  const { result } = renderHook(() => useRunLog('r', undefined), { wrapper });
  await waitFor(() => {
    expect(result.current.data?.lines).toHaveLength(1);
  });
  let answer: (page: object) => void = () => undefined;
  const slow = new Promise<object>((resolve) => {
    answer = resolve;
  });
  ask.mockReturnValueOnce(slow).mockResolvedValueOnce(page(2));
  for (let told = 0; told < 4; told += 1) {
    act(() => {
      live.tell({ kind: 'telemetry', run_id: 'r' });
    });
  }
  expect(ask).toHaveBeenCalledTimes(2);
  answer(page(1));
  await waitFor(() => {
    expect(result.current.data?.lines.map((line) => line.sequence)).toEqual([0, 1, 2]);
  });
  expect(ask).toHaveBeenCalledTimes(3);
});
