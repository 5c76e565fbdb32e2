import type { ReactElement } from 'react';
import { SecretOnce } from '@/shared/components/secret-once';

/** Secrets that are told this once: what signs, and what goes into the header. */
export function Told({
  secret,
  headerValue,
}: {
  secret?: string;
  headerValue: string | null;
}): ReactElement {
  return (
    <div className="space-y-4">
      {secret !== undefined && (
        <section aria-label="Signing secret" className="space-y-1">
          <h3 className="font-medium">Signing secret</h3>
          <SecretOnce secret={secret} />
        </section>
      )}
      {headerValue !== null && (
        <section aria-label="Header value" className="space-y-1">
          <h3 className="font-medium">Header value</h3>
          <SecretOnce secret={headerValue} />
        </section>
      )}
    </div>
  );
}
