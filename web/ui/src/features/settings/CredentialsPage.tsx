import { LockKeyhole, Plus } from 'lucide-react';
import type { ReactElement } from 'react';
import { AssistantLinks } from './AssistantLinks';
import { CredentialDialog } from './CredentialDialog';
import { useCredentials, useRemoveCredential, type Credential } from './credentials';
import { SettingsTabs } from './SettingsTabs';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { EmptyState } from '@/shared/components/empty-state';
import { Fact, Facts } from '@/shared/components/facts';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { Card } from '@/shared/components/ui/card';
import { SkeletonRows } from '@/shared/components/ui/skeleton';
import { useHasRole } from '@/shared/session/tenant';

export function CredentialsPage(): ReactElement {
  const isAdmin = useHasRole('admin');
  const { data, error, refetch, hasNextPage, fetchNextPage } = useCredentials();
  const credentials = data?.pages.flatMap((page) => page.items);
  return (
    <Page
      title="Credentials"
      description="What the gateway puts into agents’ requests, and no agent sees"
      actions={
        isAdmin && (
          <CredentialDialog
            trigger={
              <Button variant="primary">
                <Plus aria-hidden />
                Add a credential
              </Button>
            }
          />
        )
      }
    >
      <SettingsTabs />
      <div className="space-y-4">
        {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
        {credentials === undefined && error === null && <SkeletonRows rows={3} />}
        {credentials?.length === 0 && <None isAdmin={isAdmin} />}
        {credentials !== undefined && credentials.length > 0 && (
          <ul aria-label="Credentials" className="space-y-3">
            {credentials.map((each) => (
              <li key={each.name}>
                <One credential={each} isAdmin={isAdmin} />
              </li>
            ))}
          </ul>
        )}
        {hasNextPage && (
          <Button size="small" onClick={() => void fetchNextPage()}>
            More credentials
          </Button>
        )}
      </div>
    </Page>
  );
}

function None({ isAdmin }: { isAdmin: boolean }): ReactElement {
  return (
    <Card>
      <EmptyState icon={LockKeyhole} title="No credentials yet">
        {isAdmin
          ? 'Add one where a server wants to know who asks, then name it in what an assistant is allowed.'
          : 'An admin of the tenant can add one for a server that wants to know who asks.'}
      </EmptyState>
    </Card>
  );
}

function One({ credential, isAdmin }: { credential: Credential; isAdmin: boolean }): ReactElement {
  return (
    <Card className="space-y-3 p-4">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <h2 className="text-base break-all">{credential.name}</h2>
        {isAdmin && <Actions credential={credential} />}
      </div>
      <Facts>
        <Fact name="Sent in">
          <code className="break-all">{credential.header}</code>
        </Fact>
        <Fact name="May be used by">
          {credential.assistants.length === 0 ? (
            <span className="text-muted">no active assistant</span>
          ) : (
            <AssistantLinks names={credential.assistants} />
          )}
        </Fact>
        <Fact name="Last launch of these">
          {credential.launched_at === null ? (
            <span className="text-muted">none with this value</span>
          ) : (
            <Time value={credential.launched_at} />
          )}
        </Fact>
        <Fact name="Value saved">
          by {credential.saved_by.name} <Time value={credential.saved_at} className="text-muted" />
        </Fact>
      </Facts>
    </Card>
  );
}

function Actions({ credential }: { credential: Credential }): ReactElement {
  const remove = useRemoveCredential();
  const { name, assistants } = credential;
  return (
    <div className="flex flex-wrap gap-2">
      <CredentialDialog
        credential={credential}
        trigger={
          <Button size="small" aria-label={`Replace the value of ${name}`}>
            Replace…
          </Button>
        }
      />
      <ConfirmDialog
        trigger={
          <Button size="small" aria-label={`Remove ${name}`}>
            Remove…
          </Button>
        }
        title={`Remove ${name}?`}
        confirm="Remove the credential"
        danger
        onConfirm={() => remove.mutateAsync(credential)}
      >
        {assistants.length === 0
          ? 'No active assistant may use it. Its value is gone then, for good.'
          : `These assistants may use it: ${assistants.join(', ')}. Give them a version without it first; until then it stays.`}
      </ConfirmDialog>
    </div>
  );
}
