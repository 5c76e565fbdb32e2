import { FlaskConical } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { usePreview, useSendTest, type Preview, type TestOf } from './change';
import { CodeBlock } from '@/shared/components/code-block';
import { Fact, Facts } from '@/shared/components/facts';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { TextField } from '@/shared/components/form-field';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';
import { toast } from '@/shared/components/ui/toast';

/** First what would be sent, to look at; then it is sent. */
export function SendTest({ name }: { name: string }): ReactElement {
  const preview = usePreview(name);
  return (
    <FormDialog
      trigger={
        <Button>
          <FlaskConical aria-hidden />
          Send test
        </Button>
      }
      title={`Test ${name}`}
      description="You see exactly what would be sent before it is. It says that it is a test."
      confirm="Show what would be sent"
      goesOn
      onSubmit={async (form) => {
        const run = textIn(form, 'run');
        const of: TestOf = run === '' ? {} : { run };
        return <Seen name={name} of={of} seen={await preview.mutateAsync(of)} />;
      }}
    >
      <TextField
        label="The result of a run"
        name="run"
        pattern="[0-9a-fA-F-]{36}"
        placeholder="A run’s id"
        help="Left empty, a sample is sent."
      />
    </FormDialog>
  );
}

function Seen({ name, of, seen }: { name: string; of: TestOf; seen: Preview }): ReactElement {
  const send = useSendTest(name);
  const [sent, setSent] = useState(false);
  return (
    <div className="space-y-3">
      <p className="text-sm">
        POST <code className="break-all">{seen.url}</code>
      </p>
      <Facts>
        {Object.entries(seen.headers).map(([header, value]) => (
          <Fact key={header} name={header}>
            <code className="break-all">{value}</code>
          </Fact>
        ))}
      </Facts>
      {seen.problem === null ? (
        <CodeBlock text={seen.body} label="Body" wrap />
      ) : (
        <p role="alert" className="text-sm text-bad">
          Nothing can be sent: {seen.problem}
        </p>
      )}
      {send.error !== null && <ProblemNotice error={send.error} />}
      {sent ? (
        <p role="status" className="text-sm">
          It is on its way. The target’s page shows what comes of it.
        </p>
      ) : (
        <Button
          variant="primary"
          disabled={seen.problem !== null}
          busy={send.isPending}
          onClick={() => {
            send.mutate(of, {
              onSuccess: () => {
                setSent(true);
                toast({ tone: 'ok', title: `A test of ${name} is on its way` });
              },
            });
          }}
        >
          Send it
        </Button>
      )}
    </div>
  );
}
