import type { ReactElement } from 'react';
import { AssistantLinks } from './AssistantLinks';
import { useRevokeAuthorKey, type AuthorKey } from './author-keys';
import { CopyButton } from '@/shared/components/copy-button';
import { Digest } from '@/shared/components/digest';
import { Fact, Facts } from '@/shared/components/facts';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { TextField } from '@/shared/components/form-field';
import { Printable } from '@/shared/components/printable';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { Card } from '@/shared/components/ui/card';
import { toast } from '@/shared/components/ui/toast';
import { counted } from '@/shared/text/amounts';

/** One key: whose, since when, and what hangs on it. */
export function AuthorKeyCard({
  authorKey,
  isAdmin,
}: {
  authorKey: AuthorKey;
  isAdmin: boolean;
}): ReactElement {
  const revoked = authorKey.revoked_at !== null;
  return (
    <Card className="space-y-3 p-4">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <h2 className="flex flex-wrap items-center gap-2 text-base">
          {authorKey.name}
          <Badge tone={revoked ? 'bad' : 'ok'}>{revoked ? 'revoked' : 'counts'}</Badge>
        </h2>
        {isAdmin && !revoked && <Revoke authorKey={authorKey} />}
      </div>
      <Facts>
        <Fact name="Fingerprint">
          <Digest value={authorKey.key_id} full label="fingerprint" />
        </Fact>
        <Fact name="Public key">
          <span className="inline-flex max-w-full items-center gap-1">
            <code className="min-w-0 break-all">{authorKey.key}</code>
            <CopyButton text={authorKey.key} label={`Copy ${authorKey.name}’s public key`} />
          </span>
        </Fact>
        <Fact name="Added">
          by {authorKey.added_by.name} <Time value={authorKey.added_at} className="text-muted" />
        </Fact>
        {authorKey.revoked_at !== null && (
          <Fact name="Revoked">
            by {authorKey.revoked_by?.name ?? 'nobody'}{' '}
            <Time value={authorKey.revoked_at} className="text-muted" />:{' '}
            <Printable text={authorKey.revoked_because ?? ''} />
          </Fact>
        )}
        <Fact name="Signed">
          <Bundles authorKey={authorKey} />
        </Fact>
        {authorKey.assistants.length > 0 && (
          <Fact name={revoked ? 'Stopped by that' : 'Would stop without it'}>
            <AssistantLinks names={authorKey.assistants} />
          </Fact>
        )}
      </Facts>
    </Card>
  );
}

function Bundles({ authorKey: { signed, bundles } }: { authorKey: AuthorKey }): ReactElement {
  if (bundles.length === 0) return <span className="text-muted">nothing that was pushed yet</span>;
  const more = signed - bundles.length;
  return (
    <ul className="space-y-1">
      {bundles.map((each) => (
        <li key={each.digest} className="flex flex-wrap items-center gap-x-2">
          {each.name} {each.version}
          <Digest value={each.digest.replace(/^sha256:/, '')} label="bundle’s digest" />
          <Time value={each.pushed_at} className="text-muted" />
          {each.assistants.length > 0 && (
            <span>
              of <AssistantLinks names={each.assistants} />
            </span>
          )}
        </li>
      ))}
      {more > 0 && <li className="text-muted">and {counted(more, 'older bundle')}</li>}
    </ul>
  );
}

function Revoke({ authorKey }: { authorKey: AuthorKey }): ReactElement {
  const revoke = useRevokeAuthorKey();
  const { name, assistants } = authorKey;
  return (
    <FormDialog
      trigger={
        <Button size="small" aria-label={`Revoke ${name}’s key`}>
          Revoke…
        </Button>
      }
      title={`Revoke ${name}’s key?`}
      description={
        <div className="space-y-2">
          <p>
            It never counts again, not even for what it signed before. Bundles it alone signed are
            not launched any more, whoever approved them.
          </p>
          <p>
            {assistants.length === 0
              ? 'No active assistant runs by it alone.'
              : `These assistants stop: ${assistants.join(', ')}. Another author may sign their bundles first.`}
          </p>
        </div>
      }
      confirm="Revoke the key"
      danger
      onSubmit={async (form) => {
        await revoke.mutateAsync({ id: authorKey.key_id, reason: textIn(form, 'reason') });
        toast({ tone: 'ok', title: `${name}’s key is revoked` });
        return null;
      }}
    >
      <TextField
        label="Why"
        name="reason"
        required
        maxLength={200}
        help="Everybody who looks at the key or at its bundles reads it."
      />
    </FormDialog>
  );
}
