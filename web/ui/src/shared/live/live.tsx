import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, useEffectEvent, useMemo, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { LiveConnection, type LiveState } from './connection';
import { invalidateFor, type LiveEvent } from './events';

type Handler = (event: LiveEvent) => void;

interface Live {
  state: LiveState;
  subscribe: (handler: Handler) => () => void;
}

const LiveContext = createContext<Live>({ state: 'closed', subscribe: () => () => undefined });

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

  useEffect(() => {
    const connection = new LiveConnection(tenant, {
      onState: setState,
      onEvent: (event) => {
        invalidateFor(client, tenant, event);
        for (const handler of handlers) handler(event);
      },
    });
    return () => {
      connection.close();
    };
  }, [tenant, client, handlers]);

  const live = useMemo(
    () => ({
      state,
      subscribe: (handler: Handler) => {
        handlers.add(handler);
        return () => handlers.delete(handler);
      },
    }),
    [state, handlers],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}

export function useLiveState(): LiveState {
  return use(LiveContext).state;
}

/** Hear events themselves, where invalidating queries is not enough: telemetry lines, alerts. */
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
