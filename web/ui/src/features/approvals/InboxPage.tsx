import { getRouteApi, Link } from '@tanstack/react-router';
import { HandHelping } from 'lucide-react';
import type { ReactElement } from 'react';
import { DecisionSheet } from './DecisionSheet';
import { InboxList } from './InboxList';
import { ReviewsList } from './ReviewsList';
import { useReviews } from './reviews';
import { INBOX_TABS, type InboxTab } from './search';
import { Page } from '@/shared/components/page';
import { Button } from '@/shared/components/ui/button';
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/shared/components/ui/tabs';
import { useLentVotes } from '@/shared/live/lent-votes';
import { compact } from '@/shared/search/params';
import { useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/inbox');

export function InboxPage(): ReactElement {
  const tenant = useTenant();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const tab = search.tab ?? 'mine';
  useLentVotes();
  const reviews = useReviews('open').data?.pages[0]?.items.length ?? 0;
  const labels: Record<InboxTab, string> = {
    mine: 'For me',
    open: 'All open',
    decided: 'Decided',
    reviews: reviews === 0 ? 'Reviews' : `Reviews (${reviews})`,
  };
  const go = (to: string): void => {
    const next = INBOX_TABS.find((each) => each === to);
    void navigate({ search: next === undefined || next === 'mine' ? {} : { tab: next } });
  };
  return (
    <Page
      title="Inbox"
      description="What waits for people"
      actions={
        <Button asChild variant="ghost">
          <Link to="/t/$tenant/delegations" params={{ tenant }}>
            <HandHelping aria-hidden />
            Lend your vote
          </Link>
        </Button>
      }
    >
      <Tabs value={tab} onValueChange={go}>
        <TabsList aria-label="What to show">
          {INBOX_TABS.map((each) => (
            <TabsTrigger key={each} value={each}>
              {labels[each]}
            </TabsTrigger>
          ))}
        </TabsList>
        <TabsContent value={tab}>
          {tab === 'reviews' ? (
            <ReviewsList />
          ) : (
            <InboxList
              key={tab}
              tab={tab}
              onLook={(look, intent) => {
                void navigate({ search: (now) => compact({ ...now, look, intent }) });
              }}
            />
          )}
        </TabsContent>
      </Tabs>
      <DecisionSheet
        id={search.look}
        intent={search.intent}
        onClose={() => {
          void navigate({ search: tab === 'mine' ? {} : { tab }, replace: true });
        }}
      />
    </Page>
  );
}
