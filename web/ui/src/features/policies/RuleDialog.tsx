import { useEffect, useRef, useState, type ReactElement, type SyntheticEvent } from 'react';
import { draftOf, inOrder, ruleOf, type RuleDraft } from './rule-draft';
import { RuleForm } from './RuleForm';
import { useSaveRule, type RuleWords } from './rules';
import { isProblem } from '@/shared/api/problem';
import { LongTextField, TextField } from '@/shared/components/form-field';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';
import {
  Dialog,
  DialogClose,
  DialogContent,
  DialogDescription,
  DialogFooter,
  DialogHeader,
  DialogTitle,
  DialogTrigger,
} from '@/shared/components/ui/dialog';
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/shared/components/ui/tabs';
import { toast } from '@/shared/components/ui/toast';
import { objectIn } from '@/shared/text/json-input';

interface Opened {
  /** Undefined for a rule that is to be made. */
  name: string | undefined;
  rule: RuleWords;
  etag: string | undefined;
}

/** A rule, as a form or as JSON: a new one, or the next version of one. */
export function RuleDialog({
  trigger,
  ...opened
}: Opened & { trigger: ReactElement }): ReactElement {
  const [open, setOpen] = useState(false);
  const { name } = opened;
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>{trigger}</DialogTrigger>
      <DialogContent
        className="max-w-2xl"
        onPointerDownOutside={(event) => {
          event.preventDefault(); // a stray click must not lose what was written
        }}
      >
        <DialogHeader>
          <DialogTitle>
            {name === undefined ? 'Add an approval rule' : `The next version of ${name}`}
          </DialogTitle>
          <DialogDescription>
            {name === undefined
              ? 'Nothing asks for it before a policy in force names it.'
              : 'What was approved under an older version and has not started is held again.'}
          </DialogDescription>
        </DialogHeader>
        <Written
          {...opened}
          onDone={() => {
            setOpen(false);
          }}
        />
      </DialogContent>
    </Dialog>
  );
}

function Written({ name, rule, etag, onDone }: Opened & { onDone: () => void }): ReactElement {
  const save = useSaveRule();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (save.error !== null) {
      form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
    }
  }, [save.error]);
  const [newName, setNewName] = useState('');
  const [draft, setDraft] = useState<RuleDraft>(() => draftOf(rule));
  // What was typed as JSON; undefined while the form is shown.
  const [json, setJson] = useState<string>();
  const typed = json === undefined ? undefined : objectIn(json);
  const problemAt = (field: string): string | undefined =>
    isProblem(save.error) ? save.error.fieldError(field) : undefined;
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const ready = inOrder(draft);
    if (json === undefined) setDraft(ready);
    const said = typed === undefined ? ruleOf(ready) : typed.value;
    if (said === undefined) return;
    save.mutate(
      { name: name ?? newName.trim(), rule: said, ...(etag === undefined ? {} : { etag }) },
      {
        onSuccess: (kept) => {
          toast({ tone: 'ok', title: `Version ${kept.version} of ${kept.name} is kept` });
          onDone();
        },
      },
    );
  };
  const show = (view: string): void => {
    if (view === 'json') setJson(JSON.stringify(ruleOf(inOrder(draft)), undefined, 2));
    if (view === 'form' && typed?.value !== undefined) {
      setDraft(draftOf(typed.value));
      setJson(undefined);
    }
  };
  return (
    <form ref={form} onSubmit={submit} className="space-y-4">
      {name === undefined && (
        <TextField
          label="Name"
          value={newName}
          onChange={(event) => {
            setNewName(event.target.value);
          }}
          required
          pattern="[a-z][a-z0-9\-]*"
          help="Small letters, digits and -. Policies ask for it by this name."
          error={problemAt('name') ?? problemAt('rule.name')}
        />
      )}
      <Tabs value={json === undefined ? 'form' : 'json'} onValueChange={show}>
        <TabsList aria-label="How to write it">
          <TabsTrigger value="form">Form</TabsTrigger>
          <TabsTrigger value="json">JSON</TabsTrigger>
        </TabsList>
        <TabsContent value="form" tabIndex={-1}>
          <RuleForm
            draft={draft}
            onChange={setDraft}
            problemAt={(field) => problemAt(`rule.${field}`)}
          />
        </TabsContent>
        <TabsContent value="json" tabIndex={-1}>
          <LongTextField
            label="Rule"
            required
            spellCheck={false}
            className="min-h-80 font-mono text-sm"
            value={json ?? ''}
            onChange={(event) => {
              setJson(event.target.value);
            }}
            error={typed?.problem}
            help="The same rule, as the API takes it. Times are seconds."
          />
        </TabsContent>
      </Tabs>
      {save.error !== null && <ProblemNotice error={save.error} />}
      <DialogFooter>
        <DialogClose asChild>
          <Button busy={save.isPending}>Cancel</Button>
        </DialogClose>
        <Button
          type="submit"
          variant="primary"
          disabled={typed?.problem !== undefined}
          busy={save.isPending}
        >
          {name === undefined ? 'Add the rule' : 'Save the version'}
        </Button>
      </DialogFooter>
    </form>
  );
}
