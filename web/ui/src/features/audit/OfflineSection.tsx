import { Download } from 'lucide-react';
import type { ReactElement } from 'react';
import { useDownload } from './exports';
import { CodeBlock } from '@/shared/components/code-block';
import { Section } from '@/shared/components/section';
import { Button } from '@/shared/components/ui/button';
import { useTenant } from '@/shared/session/tenant';

/** What an auditor does, on a computer of theirs, relying on nothing here. */
export function OfflineSection({ steps }: { steps: readonly string[] }): ReactElement {
  const tenant = useTenant();
  const download = useDownload();
  const command = `unzip -d ${tenant}-trail ${tenant}-trail.zip\npython3 awgp_verify.py ${tenant}-trail --trust-root FINGERPRINT`;
  return (
    <Section
      title="Verify it offline"
      actions={
        <Button
          size="small"
          busy={download.isPending}
          onClick={() => {
            download.mutate({ kind: 'verifier' });
          }}
        >
          <Download aria-hidden />
          The verifier
        </Button>
      }
    >
      <ol className="mb-3 list-decimal space-y-1 pl-5 text-sm">
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <CodeBlock label="Command" text={command} />
      <p className="mt-2 text-sm text-muted">
        FINGERPRINT is the one you got another way, not the one this system shows you.
      </p>
    </Section>
  );
}
