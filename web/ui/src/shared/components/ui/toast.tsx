import { CircleAlert, CircleCheck, Info, X } from 'lucide-react';
import { Toast as Radix } from 'radix-ui';
import { useSyncExternalStore, type ReactElement } from 'react';
import { Button } from './button';
import { cn } from './cn';

/** What happened, said once, at the edge of the page; assistive technology hears it too. */

export type ToastTone = 'ok' | 'bad' | 'info';

interface ToastEntry {
  id: number;
  tone: ToastTone;
  title: string;
  detail?: string | undefined;
  action?: { label: string; run: () => void } | undefined;
}

const AT_MOST = 4;
const SHOWN_MS = 6_000;
const SHOWN_ERROR_MS = 15_000;

let entries: readonly ToastEntry[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function change(to: readonly ToastEntry[]): void {
  entries = to;
  for (const listener of listeners) listener();
}

/** Tell what happened. Errors that a person must act on belong in the page instead. */
export function toast(entry: Omit<ToastEntry, 'id'>): void {
  change([...entries, { ...entry, id: nextId++ }].slice(-AT_MOST));
}

export function dismissToasts(): void {
  change([]);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const ICONS = { ok: CircleCheck, bad: CircleAlert, info: Info } as const;
const COLOURS = { ok: 'text-ok', bad: 'text-bad', info: 'text-info' } as const;

export function Toaster(): ReactElement {
  const shown = useSyncExternalStore(subscribe, () => entries);
  return (
    <Radix.Provider label="Message">
      {shown.map((entry) => (
        <ToastCard key={entry.id} entry={entry} />
      ))}
      <Radix.Viewport
        label="Messages ({hotkey})"
        className="fixed right-0 bottom-0 z-[60] flex w-full max-w-sm flex-col gap-2 p-4 pb-20 outline-none md:pb-4"
      />
    </Radix.Provider>
  );
}

function ToastCard({ entry }: { entry: ToastEntry }): ReactElement {
  const Icon = ICONS[entry.tone];
  return (
    <Radix.Root
      type={entry.tone === 'bad' ? 'foreground' : 'background'}
      duration={entry.tone === 'bad' ? SHOWN_ERROR_MS : SHOWN_MS}
      onOpenChange={(open) => {
        if (!open) change(entries.filter((each) => each.id !== entry.id));
      }}
      className="flex animate-appear items-start gap-3 rounded-lg border border-line bg-raised p-3 shadow-raised"
    >
      <Icon aria-hidden className={cn('mt-0.5 size-4.5 shrink-0', COLOURS[entry.tone])} />
      <div className="min-w-0 flex-1">
        <Radix.Title className="text-sm font-medium">{entry.title}</Radix.Title>
        {entry.detail !== undefined && (
          <Radix.Description className="text-sm break-words text-muted">
            {entry.detail}
          </Radix.Description>
        )}
        {entry.action !== undefined && (
          <Radix.Action altText={entry.action.label} asChild>
            <Button variant="link" className="mt-1 text-sm" onClick={entry.action.run}>
              {entry.action.label}
            </Button>
          </Radix.Action>
        )}
      </div>
      <Radix.Close asChild>
        <Button variant="ghost" size="icon-small" aria-label="Dismiss">
          <X aria-hidden />
        </Button>
      </Radix.Close>
    </Radix.Root>
  );
}
