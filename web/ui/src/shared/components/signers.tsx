import { Link } from '@tanstack/react-router';
import { BadgeCheck, ShieldAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import { Printable } from './printable';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

type Signer = components['schemas']['BundleSignerView'];

/** Whose keys signed a bundle, and why it will not run where that is so. */
export function Signers({
  signers,
  unsignedBecause,
}: {
  signers: readonly Signer[];
  unsignedBecause?: string | null;
}): ReactElement | null {
  const tenant = useTenant();
  if (signers.length === 0 && !unsignedBecause) {
    return <p className="text-sm text-muted">Not signed; no author’s key is asked for.</p>;
  }
  return (
    <div className="space-y-1 text-sm">
      {signers.map((each) => (
        <p key={each.key_id} className="flex items-start gap-1.5">
          {each.counts ? (
            <BadgeCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-ok" />
          ) : (
            <ShieldAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
          )}
          <span className="min-w-0 break-words">
            Signed by{' '}
            <Link
              to="/t/$tenant/settings/author-keys"
              params={{ tenant }}
              className="text-accent underline underline-offset-2"
            >
              <Printable text={each.name} />
            </Link>
            {each.revoked && (
              <>
                , whose key was revoked: <Printable text={each.revoked_because ?? ''} />
              </>
            )}
            {!each.counts && !each.revoked && ', and the signature does not hold'}{' '}
            <code className="text-xs break-all text-muted">{each.key_id.slice(0, 19)}…</code>
          </span>
        </p>
      ))}
      {unsignedBecause && (
        <p className="flex items-start gap-1.5 text-bad">
          <ShieldAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
          <span className="min-w-0 break-words">
            It will not be launched: <Printable text={unsignedBecause} />
          </span>
        </p>
      )}
    </div>
  );
}
