import { parseEvent, type LiveEvent } from './events';

/**
 * One tenant's events: by WebSocket; where that does not open, by server-sent events; where those
 * do not either, by fetching again every while. After a drop it resumes at the last event it saw.
 */

export type LiveState = 'connecting' | 'live' | 'polling' | 'closed';

interface Listener {
  onEvent: (event: LiveEvent) => void;
  onState: (state: LiveState) => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const POLL_MS = 15_000;
/** No word, not even a heartbeat, for this long: the connection is dead without knowing it. */
const SILENCE_MS = 60_000;
/** So many sockets in a row that never opened: something in between does not let them. */
const SOCKET_TRIES = 3;

type Transport = 'socket' | 'events' | 'poll';

export class LiveConnection {
  private readonly tenant: string;
  private readonly listener: Listener;
  private transport: Transport = 'socket';
  private failures = 0;
  private last: string | undefined;
  private end: (() => void) | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(tenant: string, listener: Listener) {
    this.tenant = tenant;
    this.listener = listener;
    this.open();
  }

  close(): void {
    this.closed = true;
    this.stop();
    this.listener.onState('closed');
  }

  private open(): void {
    this.stop();
    if (this.closed) return;
    if (this.transport === 'socket') this.openSocket();
    else if (this.transport === 'events') this.openEvents();
    else this.poll();
  }

  private stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.end?.();
    this.end = undefined;
  }

  private address(path: string): URL {
    const address = new URL(path, location.href);
    address.searchParams.set('tenant', this.tenant);
    if (this.last !== undefined) address.searchParams.set('last', this.last);
    return address;
  }

  private openSocket(): void {
    this.listener.onState('connecting');
    const address = this.address('/v1/live');
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address);
    socket.onopen = () => {
      this.opened();
    };
    socket.onmessage = (message: MessageEvent<unknown>) => {
      this.heard(message.data);
    };
    socket.onclose = () => {
      this.dropped();
    };
    this.end = () => {
      socket.onclose = null;
      socket.onmessage = null;
      socket.close();
    };
  }

  private openEvents(): void {
    this.listener.onState('connecting');
    const source = new EventSource(this.address('/v1/live/events'));
    source.onopen = () => {
      this.opened();
    };
    source.onmessage = (message: MessageEvent<unknown>) => {
      this.heard(message.data);
    };
    source.onerror = () => {
      this.dropped();
    };
    this.end = () => {
      source.close();
    };
  }

  private poll(): void {
    this.listener.onState('polling');
    this.timer = setTimeout(() => {
      this.listener.onEvent({ kind: 'reset' });
      this.failures = 0;
      this.transport = 'socket'; // it may work again by now
      this.open();
    }, POLL_MS);
  }

  private opened(): void {
    this.failures = 0;
    this.listener.onState('live');
    this.listenForSilence();
  }

  private heard(data: unknown): void {
    this.listenForSilence();
    const event = typeof data === 'string' ? parseEvent(data) : undefined;
    if (event === undefined) return;
    if (typeof event.id === 'string') this.last = event.id;
    this.listener.onEvent(event);
  }

  private listenForSilence(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.dropped();
    }, SILENCE_MS);
  }

  private dropped(): void {
    this.stop();
    if (this.closed) return;
    this.failures += 1;
    this.transport = this.nextTransport();
    this.listener.onState(this.transport === 'poll' ? 'polling' : 'connecting');
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (this.failures - 1), LONGEST_PAUSE_MS);
    // Spread, so that a server that restarts is not met by everybody at once.
    this.timer = setTimeout(
      () => {
        this.open();
      },
      pause * (0.5 + Math.random() / 2),
    );
  }

  private nextTransport(): Transport {
    if (this.failures < SOCKET_TRIES) return this.transport;
    return this.transport === 'socket' ? 'events' : 'poll';
  }
}
