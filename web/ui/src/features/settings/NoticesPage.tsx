import { BellRing, Plus } from 'lucide-react';
import type { ReactElement } from 'react';
import { ChannelDialog } from './ChannelDialog';
import { useChannels, useRemoveChannel, useTestChannel, type Channel } from './channels';
import { EVENTS, STATUSES } from './notice-words';
import { NoticesTold } from './NoticesTold';
import { SettingsTabs } from './SettingsTabs';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { EmptyState } from '@/shared/components/empty-state';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { Card } from '@/shared/components/ui/card';
import { SkeletonRows } from '@/shared/components/ui/skeleton';
import { toast } from '@/shared/components/ui/toast';
import { useHasRole } from '@/shared/session/tenant';

export function NoticesPage(): ReactElement {
  const isAdmin = useHasRole('admin');
  const { data, error, refetch, hasNextPage, fetchNextPage } = useChannels();
  const channels = data?.pages.flatMap((page) => page.items);
  return (
    <Page
      title="Notices"
      description="Who is told when something is asked or decided"
      actions={
        isAdmin && (
          <ChannelDialog
            trigger={
              <Button variant="primary">
                <Plus aria-hidden />
                New channel
              </Button>
            }
          />
        )
      }
    >
      <SettingsTabs />
      <div className="space-y-6">
        {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
        {channels === undefined && error === null && <SkeletonRows rows={3} />}
        {channels?.length === 0 && (
          <Card>
            <EmptyState icon={BellRing} title="Nobody is told yet">
              {isAdmin
                ? 'Make a channel: a webhook to a target, or e-mail.'
                : 'An admin of the tenant can make a channel.'}
            </EmptyState>
          </Card>
        )}
        <ul className="space-y-3">
          {channels?.map((channel) => (
            <li key={channel.id}>
              <One channel={channel} isAdmin={isAdmin} />
            </li>
          ))}
        </ul>
        {hasNextPage && (
          <Button size="small" onClick={() => void fetchNextPage()}>
            More channels
          </Button>
        )}
        <NoticesTold />
      </div>
    </Page>
  );
}

function One({ channel, isAdmin }: { channel: Channel; isAdmin: boolean }): ReactElement {
  const last = channel.last_status === null ? undefined : STATUSES[channel.last_status];
  return (
    <Card className="flex flex-wrap items-start justify-between gap-3 p-4">
      <div className="min-w-0 space-y-1 text-sm">
        <h2 className="flex flex-wrap items-center gap-2 text-base">
          {channel.name}
          {!channel.active && <Badge>Switched off</Badge>}
          {last !== undefined && <Badge tone={last.tone}>Last: {last.label}</Badge>}
        </h2>
        <p className="break-words">{whereTo(channel)}</p>
        <p className="text-muted">{channel.events.map(labelOf).join(', ')}</p>
      </div>
      {isAdmin && <Actions channel={channel} />}
    </Card>
  );
}

function Actions({ channel }: { channel: Channel }): ReactElement {
  const test = useTestChannel();
  const remove = useRemoveChannel();
  return (
    <div className="flex flex-wrap gap-2">
      <Button
        size="small"
        busy={test.isPending}
        aria-label={`Test ${channel.name}`}
        onClick={() => {
          test.mutate(channel.id, {
            onSuccess: () => {
              toast({
                tone: 'ok',
                title: 'A test is on its way',
                detail: 'See below what became of it.',
              });
            },
          });
        }}
      >
        Test
      </Button>
      <ChannelDialog
        channel={channel}
        trigger={
          <Button size="small" aria-label={`Change ${channel.name}`}>
            Change
          </Button>
        }
      />
      <ConfirmDialog
        trigger={
          <Button size="small" aria-label={`Remove ${channel.name}`}>
            Remove
          </Button>
        }
        title={`Remove ${channel.name}?`}
        confirm="Remove the channel"
        danger
        onConfirm={() => remove.mutateAsync(channel)}
      >
        Nobody is told by it any more. What it told stays on record.
      </ConfirmDialog>
    </div>
  );
}

function whereTo(channel: Channel): string {
  if (channel.kind === 'webhook') return `Webhook to the target ${channel.target ?? ''}`;
  const people = channel.to_people ? ['those it is up to'] : [];
  return `E-mail to ${[...channel.recipients, ...people].join(', ')}`;
}

function labelOf(event: string): string {
  return Object.entries(EVENTS).find(([name]) => name === event)?.[1] ?? event;
}
