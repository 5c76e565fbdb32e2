import { useNavigate } from '@tanstack/react-router';
import { CheckCheck, Inbox, ListChecks } from 'lucide-react';
import { useRef, useState, type ReactElement } from 'react';
import { useApprovals, type ApprovalLine, type ListTab } from './approvals';
import { BatchBar } from './BatchBar';
import { InboxCard } from './InboxCard';
import type { Intent } from './search';
import { EmptyState } from '@/shared/components/empty-state';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';
import { Card } from '@/shared/components/ui/card';
import { SkeletonRows } from '@/shared/components/ui/skeleton';
import { toast } from '@/shared/components/ui/toast';
import { useShortcut } from '@/shared/keyboard/shortcuts';
import { useTenant } from '@/shared/session/tenant';

const MOST_AT_ONCE = 50;
const SECTION = 'Inbox';
const EMPTY = {
  mine: {
    icon: CheckCheck,
    title: 'Nothing waits for you',
    text: 'What you are asked to decide appears here by itself. Turn on desktop notifications in Settings to be told.',
  },
  open: {
    icon: Inbox,
    title: 'Nothing is open',
    text: 'A run appears here when a policy holds it for people.',
  },
  decided: {
    icon: ListChecks,
    title: 'Nothing was decided yet',
    text: 'What people approve and reject is kept here.',
  },
} as const;

/** The cards of one tab, moved through with `j` and `k`; by id, since the list moves by itself. */
export function InboxList({
  tab,
  onLook,
}: {
  tab: ListTab;
  onLook: (id: string, intent: Intent | undefined) => void;
}): ReactElement {
  const query = useApprovals(tab);
  const lines = query.data?.pages.flatMap((page) => page.items) ?? [];
  const [current, setCurrent] = useState<string>();
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const list = useRef<HTMLUListElement>(null);
  const chosen = lines.filter((line) => picked.has(line.id) && line.can_vote);
  const pick = (id: string): void => {
    if (!picked.has(id) && chosen.length >= MOST_AT_ONCE) {
      toast({ tone: 'info', title: `At most ${MOST_AT_ONCE} are decided at once` });
      return;
    }
    setPicked(toggled(picked, id));
  };
  useInboxKeys({ lines, current, list, onMove: setCurrent, onLook, onPick: pick });

  if (query.isPending) {
    return (
      <Card>
        <SkeletonRows rows={5} />
      </Card>
    );
  }
  return (
    <div className="space-y-3">
      {query.error !== null && (
        <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
      )}
      {lines.length === 0 && query.error === null && !query.hasNextPage && <Nothing tab={tab} />}
      <ul ref={list} aria-label="Approvals" className="space-y-2">
        {lines.map((line) => (
          <InboxCard
            key={line.id}
            line={line}
            picked={picked.has(line.id)}
            onFocus={() => {
              setCurrent(line.id);
            }}
            onPick={() => {
              pick(line.id);
            }}
            onLook={(intent) => {
              onLook(line.id, intent);
            }}
          />
        ))}
      </ul>
      {query.hasNextPage && (
        <div className="text-center">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {query.isFetchingNextPage ? 'Loading…' : 'Load more'}
          </Button>
        </div>
      )}
      <BatchBar
        lines={chosen}
        onClear={() => {
          setPicked(new Set());
        }}
        onKeep={(ids) => {
          setPicked(new Set(ids));
        }}
      />
    </div>
  );
}

function Nothing({ tab }: { tab: ListTab }): ReactElement {
  const { icon, title, text } = EMPTY[tab];
  return (
    <Card>
      <EmptyState icon={icon} title={title}>
        {text}
      </EmptyState>
    </Card>
  );
}

interface Keys {
  lines: readonly ApprovalLine[];
  current: string | undefined;
  list: React.RefObject<HTMLUListElement | null>;
  onMove: (id: string) => void;
  onLook: (id: string, intent: Intent | undefined) => void;
  onPick: (id: string) => void;
}

function useInboxKeys({ lines, current, list, onMove, onLook, onPick }: Keys): void {
  const navigate = useNavigate();
  const tenant = useTenant();
  const at = lines.findIndex((line) => line.id === current);
  const line = lines[at];
  const move = (by: number): void => {
    const next = lines[Math.min(Math.max(at + by, 0), lines.length - 1)];
    if (next === undefined) return;
    onMove(next.id);
    list.current?.querySelector<HTMLElement>(`[data-approval="${next.id}"]`)?.focus();
  };
  const look = (intent: Intent): void => {
    if (line === undefined) move(1);
    else if (line.can_vote) onLook(line.id, intent);
    else toast({ tone: 'info', title: 'Not yours to decide', detail: line.why_not_detail ?? '' });
  };
  const key = (keys: string, label: string) => ({ keys, label, section: SECTION });
  useShortcut(key('j', 'Next'), () => {
    move(1);
  });
  useShortcut(key('k', 'Previous'), () => {
    move(-1);
  });
  useShortcut(key('a', 'Approve: look, then Enter'), () => {
    look('approve');
  });
  useShortcut(key('r', 'Reject: look, then say why'), () => {
    look('reject');
  });
  useShortcut(key('x', 'Select for deciding several at once'), () => {
    if (line?.can_vote === true) onPick(line.id);
  });
  useShortcut(key('Enter', 'Open'), () => {
    if (line === undefined) return;
    void navigate({
      to: '/t/$tenant/approvals/$approval',
      params: { tenant, approval: line.id },
    });
  });
}

function toggled(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(id)) next.add(id);
  return next;
}
