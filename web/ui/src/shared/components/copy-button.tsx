import { Check, Copy } from 'lucide-react';
import { useEffect, useState, type ReactElement } from 'react';
import { Button } from './ui/button';
import { toast } from './ui/toast';

const SHOWN_MS = 2_000;

export function CopyButton({
  text,
  label = 'Copy',
}: {
  text: string;
  label?: string;
}): ReactElement {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => {
      setCopied(false);
    }, SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [copied]);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => {
        setCopied(true);
      },
      () => {
        toast({
          tone: 'bad',
          title: 'The browser did not let us copy',
          detail: 'Select the text and copy it yourself.',
        });
      },
    );
  };
  return (
    <Button variant="ghost" size="icon-small" aria-label={copied ? 'Copied' : label} onClick={copy}>
      {copied ? <Check aria-hidden className="text-ok" /> : <Copy aria-hidden />}
      <span role="status" className="sr-only">
        {copied ? 'Copied' : ''}
      </span>
    </Button>
  );
}
