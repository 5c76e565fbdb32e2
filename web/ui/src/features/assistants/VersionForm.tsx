import { Plus, Upload } from 'lucide-react';
import type { ReactElement } from 'react';
import {
  useCreateAssistant,
  useNewVersion,
  type AssistantVersion,
  type VersionBody,
} from './assistants';
import { useBundles, usePushBundle, useTargetNames } from './bundles';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { LongTextField, SelectField, TextField } from '@/shared/components/form-field';
import { InputFault } from '@/shared/components/input-fault';
import { Button } from '@/shared/components/ui/button';
import { toast } from '@/shared/components/ui/toast';

type Push = (pushed: { file: Blob; signature: Blob | null }) => Promise<{ digest: string }>;

/** What a version is to be, from the form; a bundle that was chosen as a file is pushed first. */
async function bodyIn(form: FormData, push: Push): Promise<VersionBody> {
  const typed = {
    targets: form.getAll('target').filter((each) => typeof each === 'string'),
    limits: objectIn(form, 'limits', 'The ceilings') as Record<string, number>,
    allow: objectIn(form, 'allow', 'What is allowed'),
    configuration: objectIn(form, 'configuration', 'The configuration'),
  };
  const file = fileIn(form, 'file');
  const bundle =
    file === null
      ? textIn(form, 'bundle')
      : (await push({ file, signature: fileIn(form, 'signature') })).digest;
  if (bundle === '') throw new InputFault('Choose a bundle, or a packed one from this machine.');
  return { bundle, ...typed };
}

function fileIn(form: FormData, name: string): File | null {
  const file = form.get(name);
  return file instanceof File && file.size > 0 ? file : null;
}

function objectIn(form: FormData, name: string, called: string): Record<string, unknown> {
  const value = jsonIn(textIn(form, name) || '{}');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputFault(`${called} must be a JSON object, such as {"name": 1}.`);
  }
  return value as Record<string, unknown>;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function NewVersion({
  name,
  current,
  etag,
}: {
  name: string;
  current: AssistantVersion;
  etag: string;
}): ReactElement {
  const save = useNewVersion(name);
  const push = usePushBundle();
  return (
    <FormDialog
      trigger={
        <Button variant="primary">
          <Plus aria-hidden />
          New version
        </Button>
      }
      title={`The next version of ${name}`}
      description="It is in force at once. What waits or is approved under the older one is decided again."
      confirm="Save the version"
      onSubmit={async (form) => {
        const body = await bodyIn(form, push.mutateAsync);
        const made = await save.mutateAsync({ etag, body });
        toast({ tone: 'ok', title: `${name} is at version ${made.version}` });
        return null;
      }}
    >
      <VersionFields current={current} />
    </FormDialog>
  );
}

export function CreateAssistant(): ReactElement {
  const create = useCreateAssistant();
  const push = usePushBundle();
  return (
    <FormDialog
      trigger={
        <Button variant="primary">
          <Plus aria-hidden />
          Add an assistant
        </Button>
      }
      title="Add an assistant"
      description="It is on at once; whether it may run is the policy's to say."
      confirm="Add the assistant"
      onSubmit={async (form) => {
        const body = await bodyIn(form, push.mutateAsync);
        const made = await create.mutateAsync({ ...body, name: textIn(form, 'name') });
        toast({ tone: 'ok', title: `${made.name} is there` });
        return null;
      }}
    >
      <TextField label="Name" name="name" required help="Small letters, digits and -." />
      <VersionFields current={undefined} />
    </FormDialog>
  );
}

function VersionFields({ current }: { current: AssistantVersion | undefined }): ReactElement {
  const bundles = useBundles().data?.items ?? [];
  const targets = useTargetNames();
  const chosen = current?.targets ?? [];
  return (
    <>
      <SelectField label="Bundle" name="bundle" key={bundles.length} defaultValue={current?.bundle}>
        {bundles.map((each) => (
          <option key={each.digest} value={each.digest}>
            {each.name} {each.version} · {each.digest.slice(0, 12)}
          </option>
        ))}
      </SelectField>
      <TextField
        label="Or a packed bundle of this machine"
        name="file"
        type="file"
        accept=".gz,.tgz,application/gzip"
        className="h-auto py-1.5"
        help="A tar.gz with its manifest. You become its author, and so may not approve its runs."
      />
      <TextField
        label="Its author’s signature"
        name="signature"
        type="file"
        accept=".sig"
        className="h-auto py-1.5"
        help="The .sig file of awgp bundle sign, where the tenant takes signed bundles alone."
      />
      <fieldset className="space-y-1">
        <legend className="text-sm font-medium">Targets, in this order</legend>
        {targets.length === 0 && <p className="text-sm text-muted">There are none.</p>}
        {targets.map((each) => (
          <label key={each} className="flex min-h-6 items-center gap-2 text-sm">
            <input
              type="checkbox"
              name="target"
              value={each}
              defaultChecked={chosen.includes(each)}
              className="size-4.5 accent-accent"
            />
            {each}
          </label>
        ))}
      </fieldset>
      <Json
        label="Ceilings"
        name="limits"
        value={current?.ceilings ?? {}}
        help="A ceiling for the bundle's own limits: wall_seconds, memory_bytes, processes, disk_bytes, open_files, output_bytes."
      />
      <Json
        label="Allowed"
        name="allow"
        value={allowedBy(current)}
        help="What its bundle is given of what it asks for: network, environment, gateway, llm. It goes to whatever bundle is chosen above; {} is nothing."
      />
      <Json
        label="Configuration"
        name="configuration"
        value={current?.configuration ?? {}}
        help="Kept and shown to people; no agent is given it. No secrets."
      />
      <p className="flex items-center gap-1.5 text-sm text-muted">
        <Upload aria-hidden className="size-4" />A chosen file is pushed first, and stays there.
      </p>
    </>
  );
}

function allowedBy(version: AssistantVersion | undefined): Record<string, unknown> {
  const { limits: _, ...allowed } = version?.sandbox_policy ?? {};
  return allowed;
}

function Json({
  label,
  name,
  value,
  help,
}: {
  label: string;
  name: string;
  value: unknown;
  help: string;
}): ReactElement {
  return (
    <LongTextField
      label={label}
      name={name}
      help={help}
      spellCheck={false}
      className="min-h-24 font-mono text-sm"
      defaultValue={JSON.stringify(value, undefined, 2)}
    />
  );
}
