import type { ReactElement, ReactNode } from 'react';
import { CopyButton } from './copy-button';

/** A secret the server tells this once. It is nowhere but in this dialog. */
export function SecretOnce({
  secret,
  children,
}: {
  secret: string;
  children?: ReactNode;
}): ReactElement {
  return (
    <div className="space-y-2" role="status">
      <p className="text-sm">
        Copy it now and put it where the other side keeps its secrets. Nobody can read it again.
      </p>
      <div className="flex items-center gap-2 rounded-md border border-line bg-sunken p-2">
        <code className="min-w-0 flex-1 break-all">{secret}</code>
        <CopyButton text={secret} label="Copy the secret" />
      </div>
      {children}
    </div>
  );
}
