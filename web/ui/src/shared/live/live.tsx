import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, useEffectEvent, useMemo, useRef, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { LiveConnection, type LiveState } from './connection';
import { invalidateFor, type LiveEvent } from './events';
import { fetchMe } from '@/shared/session/me';
import { signIn } from '@/shared/session/sign-in';

type Handler = (event: LiveEvent) => void;

interface Live {
  state: LiveState;
  subscribe: (handler: Handler) => () => void;
  follow: (runs: readonly string[]) => void;
}

const nothing = (): void => undefined;
const LiveContext = createContext<Live>({
  state: 'closed',
  subscribe: () => nothing,
  follow: nothing,
});

/** Keeps one tenant's queries fresh while it is on screen. Give it the tenant as its `key` too. */
export function LiveProvider({
  tenant,
  children,
}: {
  tenant: string;
  children: ReactNode;
}): ReactElement {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  const [handlers] = useState(() => new Set<Handler>());
  const connection = useRef<LiveConnection>(undefined);

  useEffect(() => {
    const opened = new LiveConnection(tenant, {
      onState: setState,
      onEvent: (event) => {
        invalidateFor(client, tenant, event);
        for (const handler of handlers) handler(event);
      },
      onSignedOut: () => void signIn(),
      isSignedIn: async () => {
        await fetchMe(); // sends us to sign in where it has to
        return true;
      },
    });
    connection.current = opened;
    return () => {
      opened.close();
    };
  }, [tenant, client, handlers]);

  const live = useMemo(
    () => ({
      state,
      subscribe: (handler: Handler) => {
        handlers.add(handler);
        return () => handlers.delete(handler);
      },
      follow: (runs: readonly string[]) => connection.current?.followRuns(runs),
    }),
    [state, handlers],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}

export function useLiveState(): LiveState {
  return use(LiveContext).state;
}

/** Hear events themselves, where invalidating queries is not enough: alerts, an agent's lines. */
export function useLiveEvents(handler: Handler): void {
  const { subscribe } = use(LiveContext);
  const hear = useEffectEvent(handler);
  useEffect(
    () =>
      subscribe((event) => {
        hear(event);
      }),
    [subscribe],
  );
}

/** Be told, as `telemetry`, when a run's agent writes lines: for the page that shows them. */
export function useFollowRun(run: string): void {
  const { follow } = use(LiveContext);
  const begin = useEffectEvent(follow);
  useEffect(() => {
    begin([run]);
    return () => {
      begin([]);
    };
  }, [run]);
}
