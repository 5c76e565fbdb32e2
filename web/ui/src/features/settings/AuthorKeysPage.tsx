import { KeyRound, Plus, ShieldAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import { AssistantLinks } from './AssistantLinks';
import { useAddAuthorKey, useAuthorKeys, type AuthorKey } from './author-keys';
import { AuthorKeyCard } from './AuthorKeyCard';
import { SettingsTabs } from './SettingsTabs';
import { EmptyState } from '@/shared/components/empty-state';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { LongTextField } from '@/shared/components/form-field';
import { InputFault } from '@/shared/components/input-fault';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';
import { Card } from '@/shared/components/ui/card';
import { SkeletonRows } from '@/shared/components/ui/skeleton';
import { toast } from '@/shared/components/ui/toast';
import { useHasRole } from '@/shared/session/tenant';

export function AuthorKeysPage(): ReactElement {
  const isAdmin = useHasRole('admin');
  const { data, error, refetch } = useAuthorKeys();
  const keys = data?.items ?? [];
  const unsigned = data?.unsigned_assistants ?? [];
  return (
    <Page
      title="Author keys"
      description="Whose signature counts for bundles"
      actions={isAdmin && data !== undefined && <Add first={keys.length === 0} stops={unsigned} />}
    >
      <SettingsTabs />
      <div className="space-y-4">
        {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
        {data === undefined && error === null && <SkeletonRows rows={3} />}
        {data !== undefined && keys.length === 0 && <None isAdmin={isAdmin} />}
        {keys.length > 0 && <NotLaunched names={unsigned} />}
        <Keys keys={keys} isAdmin={isAdmin} />
      </div>
    </Page>
  );
}

function Keys({
  keys,
  isAdmin,
}: {
  keys: readonly AuthorKey[];
  isAdmin: boolean;
}): ReactElement | null {
  if (keys.length === 0) return null;
  return (
    <ul aria-label="Author keys" className="space-y-3">
      {keys.map((each) => (
        <li key={each.key_id}>
          <AuthorKeyCard authorKey={each} isAdmin={isAdmin} />
        </li>
      ))}
    </ul>
  );
}

function None({ isAdmin }: { isAdmin: boolean }): ReactElement {
  return (
    <Card>
      <EmptyState icon={KeyRound} title="Bundles need no signature yet">
        An author makes a key with <code>awgp bundle key make</code>, and signs with{' '}
        <code>awgp bundle sign</code>.{' '}
        {isAdmin
          ? 'Add the public key: from the first one on, only signed bundles are taken and launched.'
          : 'An admin of the tenant adds the public key: from the first one on, only signed bundles are taken and launched.'}
      </EmptyState>
    </Card>
  );
}

/** Who stands still for want of a signature, and what helps. */
function NotLaunched({ names }: { names: readonly string[] }): ReactElement | null {
  if (names.length === 0) return null;
  return (
    <Card className="flex gap-3 p-4 text-sm">
      <ShieldAlert aria-hidden className="mt-0.5 size-5 shrink-0 text-bad" />
      <p className="min-w-0">
        Not launched, for nobody whose key counts signed their bundles:{' '}
        <AssistantLinks names={names} />. Have an author sign the bundle with{' '}
        <code>awgp bundle sign</code> and push it again.
      </p>
    </Card>
  );
}

function Add({ first, stops }: { first: boolean; stops: readonly string[] }): ReactElement {
  const add = useAddAuthorKey();
  return (
    <FormDialog
      trigger={
        <Button variant="primary">
          <Plus aria-hidden />
          Add a key
        </Button>
      }
      title="Add an author’s key"
      description="What its owner signs may run here, now and for as long as the key is not revoked."
      confirm="Add the key"
      onSubmit={async (form) => {
        const added = await add.mutateAsync(publicKeyIn(textIn(form, 'key')));
        toast({ tone: 'ok', title: `${added.name}’s signature counts` });
        return null;
      }}
    >
      <LongTextField
        label="Public key"
        name="key"
        required
        maxLength={200}
        spellCheck={false}
        autoComplete="off"
        placeholder="ada+1a2b3c4d+…"
        className="min-h-20 font-mono text-sm break-all"
        onKeyDown={(event) => {
          // A key is one line, however long: Enter ends it.
          if (event.key !== 'Enter') return;
          event.preventDefault();
          event.currentTarget.form?.requestSubmit();
        }}
        help={
          <>
            The line in the <code>.pub</code> file of <code>awgp bundle key make</code>. Compare its
            fingerprint with the author. The private key stays with them: never paste that.
          </>
        }
      />
      {first && <FirstKey stops={stops} />}
    </FormDialog>
  );
}

/** A private key goes nowhere: it is stopped here, before it is sent. */
function publicKeyIn(text: string): string {
  if (!/^\s*PRIVATE\+KEY\+/i.test(text)) return text;
  throw new InputFault(
    'This is the private key: it stays with its author. Paste the line of the .pub file.',
  );
}

function FirstKey({ stops }: { stops: readonly string[] }): ReactElement {
  return (
    <p className="rounded-md bg-wait-soft p-3 text-sm">
      It is the first key: from now on only signed bundles are taken and launched, for good.
      {stops.length > 0 &&
        ` Until their bundles are signed, these assistants are not launched: ${stops.join(', ')}.`}
    </p>
  );
}
