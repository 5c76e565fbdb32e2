import { beforeEach, expect, test, vi } from 'vitest';
import { render, waitFor } from '@testing-library/react';
import { QueryClientProvider } from '@tanstack/react-query';
import { enterTenant } from './tenant';
import { queryClient, tenantKey } from '@/shared/api/query-client';
import { LiveProvider } from '@/shared/live/live';

/** What of the server's remains in this page, as text: a secret of a tenant must not be in it. */
function kept(): string {
  const queries = queryClient.getQueryCache().getAll();
  const mutations = queryClient.getMutationCache().getAll();
  return JSON.stringify([
    queries.map((each) => [each.queryKey, each.state.data]),
    mutations.map((each) => [each.state.variables, each.state.data]),
  ]);
}

beforeEach(() => {
  queryClient.clear();
  enterTenant('acme');
});

test('entering another tenant leaves nothing of the one before in any cache', async () => {
  queryClient.setQueryData(['me'], { name: 'Hana' });
  queryClient.setQueryData([...tenantKey('acme'), 'runs', 'list'], [{ payload: 'of acme' }]);
  queryClient.setQueryData(['tenants'], [{ tenant: 'acme', name: 'of acme' }]);
  await queryClient
    .getMutationCache()
    .build(queryClient, { mutationFn: () => Promise.resolve('of acme') })
    .execute('of acme');
  expect(kept()).toContain('of acme');
  enterTenant('globex');
  expect(kept()).not.toContain('acme');
  expect(queryClient.getQueryData(['me'])).toEqual({ name: 'Hana' });
});

test('what was still being fetched for the tenant before never arrives', async () => {
  const signals: AbortSignal[] = [];
  let answer: (value: string) => void = () => undefined;
  const asked = queryClient
    .query({
      queryKey: [...tenantKey('acme'), 'runs'],
      queryFn: ({ signal }) => {
        signals.push(signal);
        return new Promise<string>((resolve) => {
          answer = resolve;
        });
      },
    })
    .catch(() => 'cancelled');
  enterTenant('globex');
  answer('of acme');
  await expect(asked).resolves.toBe('cancelled');
  expect(signals[0]?.aborted).toBe(true);
  expect(kept()).not.toContain('acme');
});

test('entering the same tenant again keeps what is known of it', () => {
  queryClient.setQueryData([...tenantKey('acme'), 'runs'], ['a run']);
  enterTenant('acme');
  expect(queryClient.getQueryData([...tenantKey('acme'), 'runs'])).toEqual(['a run']);
});

class FakeSocket extends EventTarget {
  static readonly all: FakeSocket[] = [];
  readonly url: string;
  readyState = 0;
  onopen: unknown = null;
  onmessage: unknown = null;
  onclose: unknown = null;
  onerror: unknown = null;
  closed = false;

  constructor(url: string | URL) {
    super();
    this.url = String(url);
    FakeSocket.all.push(this);
  }

  send(): void {
    // Nobody listens.
  }

  close(): void {
    this.closed = true;
  }
}

test('the live connection of the tenant before is closed', async () => {
  vi.stubGlobal('WebSocket', FakeSocket);
  const frame = (tenant: string) => (
    <QueryClientProvider client={queryClient}>
      <LiveProvider key={tenant} tenant={tenant}>
        <p>page</p>
      </LiveProvider>
    </QueryClientProvider>
  );
  const { rerender, unmount } = render(frame('acme'));
  await waitFor(() => {
    expect(FakeSocket.all).toHaveLength(1);
  });
  rerender(frame('globex'));
  await waitFor(() => {
    expect(FakeSocket.all).toHaveLength(2);
  });
  const [before, after] = FakeSocket.all;
  expect(before?.url).toContain('tenant=acme');
  expect(before?.closed).toBe(true);
  expect(after?.url).toContain('tenant=globex');
  expect(after?.closed).toBe(false);
  unmount();
  vi.unstubAllGlobals();
});
