import { beforeEach, expect, test, vi } from 'vitest';
import { LiveConnection, POLL_MS, SILENCE_MS } from './connection';
import type { LiveEvent } from './events';

class FakeSocket {
  static all: FakeSocket[] = [];
  readonly url: URL;
  said: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor(url: URL) {
    this.url = url;
    FakeSocket.all.push(this);
  }
  send(text: string): void {
    this.said.push(text);
  }
  close(): void {
    this.onclose?.({ code: 1000 });
  }
}

class FakeSource extends EventTarget {
  static all: FakeSource[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(readonly url: URL) {
    super();
    FakeSource.all.push(this);
  }
  close(): void {
    // Nothing to end.
  }
}

const events: LiveEvent[] = [];
const states: string[] = [];
const isSignedIn = vi.fn<() => Promise<boolean>>();
const onSignedOut = vi.fn<() => void>();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('EventSource', FakeSource);
  FakeSocket.all = [];
  FakeSource.all = [];
  events.length = states.length = 0;
  isSignedIn.mockReset().mockResolvedValue(true);
  onSignedOut.mockReset();
});

function connect(): LiveConnection {
  return new LiveConnection('acme', {
    onEvent: (event) => events.push(event),
    onState: (state) => states.push(state),
    isSignedIn,
    onSignedOut,
  });
}

function newest<Kind>(all: Kind[]): Kind {
  const found = all.at(-1);
  if (found === undefined) throw new Error('nothing was opened');
  return found;
}

async function failSockets(times: number): Promise<void> {
  for (let at = 0; at < times; at += 1) {
    newest(FakeSocket.all).onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(30_000);
  }
}

test('an event is passed on, a greeting and a heartbeat are not', () => {
  connect();
  const socket = newest(FakeSocket.all);
  socket.onopen?.();
  for (const kind of ['hello', 'heartbeat', 'run.changed']) {
    socket.onmessage?.({ data: JSON.stringify({ kind }) });
  }
  socket.onmessage?.({ data: 'not JSON' });
  expect(events).toEqual([{ kind: 'run.changed' }]);
  expect(states.at(-1)).toBe('live');
});

test('after a drop it resumes behind the last event it saw', async () => {
  connect();
  const socket = newest(FakeSocket.all);
  socket.onopen?.();
  socket.onmessage?.({ data: '{"id":"7-0","kind":"run.changed"}' });
  socket.onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(FakeSocket.all).toHaveLength(2);
  expect(newest(FakeSocket.all).url.searchParams.get('last')).toBe('7-0');
  expect(newest(FakeSocket.all).url.searchParams.get('tenant')).toBe('acme');
});

test('sockets that never open give way to server-sent events, and those to polling', async () => {
  connect();
  await failSockets(3);
  expect(FakeSource.all).toHaveLength(1);
  for (let at = 0; at < 3; at += 1) {
    newest(FakeSource.all).onerror?.();
    await vi.advanceTimersByTimeAsync(30_000);
  }
  expect(states).toContain('polling');
  await vi.advanceTimersByTimeAsync(POLL_MS);
  expect(events).toEqual([{ kind: 'reset' }]);
  expect(newest(FakeSocket.all).url.pathname).toBe('/v1/live');
});

test('a session that ended is told, and nothing is tried again', async () => {
  connect();
  isSignedIn.mockResolvedValue(false);
  newest(FakeSocket.all).onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(onSignedOut).toHaveBeenCalledOnce();
  expect(FakeSocket.all).toHaveLength(1);
});

test('who lost the right to the tenant is not connected again', async () => {
  connect();
  newest(FakeSocket.all).onopen?.();
  newest(FakeSocket.all).onclose?.({ code: 4403 });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeSocket.all).toHaveLength(1);
  expect(states.at(-1)).toBe('closed');
});

test('a connection that says nothing is taken for dead', async () => {
  connect();
  newest(FakeSocket.all).onopen?.();
  await vi.advanceTimersByTimeAsync(SILENCE_MS + 1_000);
  expect(FakeSocket.all).toHaveLength(2);
});

test('a run is followed now, and after a drop', async () => {
  const connection = connect();
  newest(FakeSocket.all).onopen?.();
  connection.followRuns(['run-1']);
  expect(newest(FakeSocket.all).said).toEqual(['{"follow":["run-1"]}']);
  newest(FakeSocket.all).onclose?.({ code: 1012 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(newest(FakeSocket.all).url.searchParams.getAll('follow')).toEqual(['run-1']);
});

test('what is closed stays closed', async () => {
  const connection = connect();
  newest(FakeSocket.all).onopen?.();
  connection.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeSocket.all).toHaveLength(1);
});
