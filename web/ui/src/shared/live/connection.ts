import { parseEvent, type LiveEvent } from './events';

/**
 * One tenant's events (docs/reference/live.md): by WebSocket; where that does not open, by
 * server-sent events; where those do not either, by fetching everything again every while. After a
 * drop it resumes behind the last event it saw.
 */

export type LiveState = 'connecting' | 'live' | 'polling' | 'closed';

export interface LiveListener {
  onEvent: (event: LiveEvent) => void;
  onState: (state: LiveState) => void;
  /** The session has ended: somebody has to sign in. */
  onSignedOut: () => void;
  /** Whether the session still holds; asked when a connection does not open. */
  isSignedIn: () => Promise<boolean>;
}

export const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
export const POLL_MS = 15_000;
/** The server says something every 20 seconds; silence means a connection that is dead. */
export const SILENCE_MS = 45_000;
/** After so many in a row that never opened, something in between does not let them. */
const TRIES = 3;
const SIGNED_OUT = 4401;
const NO_RIGHT = 4403;

type Transport = 'socket' | 'events' | 'poll';
const NEXT: Record<Transport, Transport> = { socket: 'events', events: 'poll', poll: 'socket' };

export class LiveConnection {
  private transport: Transport = 'socket';
  private failures = 0;
  private isOpen = false;
  private last: string | undefined;
  private follow: readonly string[] = [];
  private say: ((text: string) => void) | undefined;
  private end: (() => void) | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(
    private readonly tenant: string,
    private readonly listener: LiveListener,
  ) {
    this.open();
  }

  /** Be told when these runs write lines, and no others. */
  followRuns(runs: readonly string[]): void {
    this.follow = runs;
    if (this.say !== undefined) this.say(JSON.stringify({ follow: runs }));
    else if (this.transport === 'events') this.open();
  }

  close(): void {
    this.closed = true;
    this.stop();
    this.listener.onState('closed');
  }

  private open(): void {
    this.stop();
    if (this.closed) return;
    if (this.transport === 'poll') {
      this.poll();
      return;
    }
    this.listener.onState('connecting');
    if (this.transport === 'socket') this.openSocket();
    else this.openEvents();
    this.listenForSilence();
  }

  private stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.end?.();
    this.end = undefined;
    this.say = undefined;
    this.isOpen = false;
  }

  private address(path: string): URL {
    const address = new URL(path, location.href);
    address.searchParams.set('tenant', this.tenant);
    if (this.last !== undefined) address.searchParams.set('last', this.last);
    for (const run of this.follow) address.searchParams.append('follow', run);
    return address;
  }

  private openSocket(): void {
    const address = this.address('/v1/live');
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address);
    socket.onopen = () => {
      this.say = (text) => {
        socket.send(text);
      };
      this.opened();
    };
    socket.onmessage = (message: MessageEvent<unknown>) => {
      this.heard(message.data);
    };
    socket.onclose = ({ code }) => {
      this.ended(code);
    };
    this.end = () => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    };
  }

  private openEvents(): void {
    const source = new EventSource(this.address('/v1/live/events'));
    source.onopen = () => {
      this.opened();
    };
    source.onmessage = (message: MessageEvent<unknown>) => {
      this.heard(message.data);
    };
    source.addEventListener('close', (message: MessageEvent<unknown>) => {
      this.ended(codeIn(message.data));
    });
    source.onerror = () => {
      this.ended(undefined);
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
      this.transport = 'socket'; // it may get through by now
      this.open();
    }, POLL_MS);
  }

  private opened(): void {
    this.isOpen = true;
    this.failures = 0;
    this.listener.onState('live');
    this.listenForSilence();
  }

  private heard(data: unknown): void {
    this.listenForSilence();
    const event = typeof data === 'string' ? parseEvent(data) : undefined;
    if (event === undefined) return;
    if (typeof event.id === 'string') this.last = event.id;
    if (event.kind !== 'hello' && event.kind !== 'heartbeat') this.listener.onEvent(event);
  }

  private listenForSilence(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.ended(undefined);
    }, SILENCE_MS);
  }

  private ended(code: number | undefined): void {
    const neverOpened = !this.isOpen;
    this.stop();
    if (this.closed) return;
    if (code === NO_RIGHT) this.close();
    else if (code === SIGNED_OUT) this.signedOut();
    else if (neverOpened) void this.askWhy();
    else this.again();
  }

  /** A browser does not tell why a connection was refused: the session may have ended. */
  private async askWhy(): Promise<void> {
    const signedIn = await this.listener.isSignedIn().catch(() => true);
    if (signedIn) this.again();
    else this.signedOut();
  }

  private signedOut(): void {
    this.close();
    this.listener.onSignedOut();
  }

  private again(): void {
    if (this.closed) return;
    this.failures += 1;
    if (this.failures % TRIES === 0) this.transport = NEXT[this.transport];
    this.listener.onState('connecting');
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (this.failures - 1), LONGEST_PAUSE_MS);
    // Spread, so that a server that restarts is not met by everybody at once.
    const spread = pause * (0.5 + Math.random() / 2);
    this.timer = setTimeout(() => {
      this.open();
    }, spread);
  }
}

function codeIn(data: unknown): number | undefined {
  const told: unknown = typeof data === 'string' ? parseJson(data) : undefined;
  const named = typeof told === 'object' && told !== null && 'code' in told;
  return named && typeof told.code === 'number' ? told.code : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
