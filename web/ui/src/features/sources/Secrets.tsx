import type { ReactElement } from 'react';
import { useExpireSecret } from './change';
import type { Source } from './sources';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { useHasRole } from '@/shared/session/tenant';

/** The secrets, without the secrets: how old, until when, and which the sender still signs with. */
export function Secrets({ source, etag }: { source: Source; etag: string }): ReactElement {
  const mayExpire = useHasRole('operator', 'admin');
  const newest = source.secrets.reduce(
    (best, each) => (each.created_at > best ? each.created_at : best),
    '',
  );
  return (
    <Section title="Secrets" description="Nobody can read them again; here is how they fare.">
      <ul className="divide-y divide-line">
        {source.secrets.map((secret) => (
          <li
            key={secret.id}
            className="flex flex-wrap items-start justify-between gap-2 py-2 first:pt-0"
          >
            <div className="text-sm">
              <p className="flex flex-wrap items-center gap-2">
                <Badge tone={secret.live ? 'ok' : 'neutral'}>
                  {secret.live ? 'Live' : 'Counts no more'}
                </Badge>
                {secret.created_at === newest && <span className="text-muted">the newest</span>}
              </p>
              <p>
                Made <Time value={secret.created_at} /> by {secret.rotated_by.name}
              </p>
              <p className="text-muted">
                {secret.last_used_at === null ? (
                  'Never signed with yet'
                ) : (
                  <>
                    Last signed with <Time value={secret.last_used_at} />
                  </>
                )}
                {secret.live && secret.expires_at !== null && (
                  <>
                    , counts until <Time value={secret.expires_at} mode="absolute" />
                  </>
                )}
              </p>
            </div>
            {mayExpire && secret.live && secret.created_at !== newest && (
              <Expire source={source} etag={etag} secret={secret.id} used={secret.last_used_at} />
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Expire({
  source,
  etag,
  secret,
  used,
}: {
  source: Source;
  etag: string;
  secret: string;
  used: string | null;
}): ReactElement {
  const expire = useExpireSecret();
  return (
    <ConfirmDialog
      trigger={<Button size="small">Expire now</Button>}
      title="Expire this secret now?"
      confirm="Expire it"
      danger
      onConfirm={() => expire.mutateAsync({ id: source.id, etag, secret })}
    >
      Whatever is signed with it is refused from now on.{' '}
      {used === null
        ? 'Nothing was ever signed with it.'
        : 'Its sender signed with it before: make sure it has the newer one.'}
    </ConfirmDialog>
  );
}
