import { Plus, X } from 'lucide-react';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import { MOST_ENTRIES, startOf, type CallbackEntry } from './callbacks';
import { useTargetNames } from './target-names';
import { SelectField, TextField } from '@/shared/components/form-field';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';

interface Target {
  name: string;
  url: string;
}

interface Row extends CallbackEntry {
  key: number;
}

/** A row an entry: a target, and an address at its origin. */
export function CallbackFields({ entries }: { entries: readonly CallbackEntry[] }): ReactElement {
  const { rows, add, change, remove } = useRows(entries);
  const more = useRef<HTMLButtonElement>(null);
  return (
    <>
      {rows.length === 0 && <p className="text-sm text-muted">None: nobody is called back.</p>}
      {rows.map((row, at) => (
        <Entry
          key={row.key}
          row={row}
          place={at + 1}
          onChange={(to) => {
            change(row.key, to);
          }}
          begins={row.key >= entries.length && row.key > 0}
          onRemove={() => {
            remove(row.key);
            more.current?.focus();
          }}
        />
      ))}
      <Button ref={more} size="small" onClick={add} busy={rows.length >= MOST_ENTRIES}>
        <Plus aria-hidden />
        One more
      </Button>
    </>
  );
}

function useRows(entries: readonly CallbackEntry[]) {
  const [rows, setRows] = useState<readonly Row[]>(() => numbered(entries));
  const [next, setNext] = useState(rows.length);
  return {
    rows,
    add: (): void => {
      setRows((old) => [...old, { key: next, url: '', target: '' }]);
      setNext(next + 1);
    },
    change: (key: number, to: Partial<CallbackEntry>): void => {
      setRows((old) => old.map((each) => (each.key === key ? { ...each, ...to } : each)));
    },
    remove: (key: number): void => {
      setRows((old) => old.filter((each) => each.key !== key));
    },
  };
}

interface Editing {
  row: Row;
  onChange: (to: Partial<CallbackEntry>) => void;
}

function Entry({
  place,
  begins,
  onRemove,
  ...editing
}: Editing & {
  place: number;
  /** Somebody asked for it just now: they go on in it. */
  begins: boolean;
  onRemove: () => void;
}): ReactElement {
  const fields = useRef<HTMLFieldSetElement>(null);
  useEffect(() => {
    if (begins) fields.current?.querySelector('select')?.focus();
  }, [begins]);
  return (
    <fieldset ref={fields} className="space-y-3 rounded-md border border-line p-3">
      <legend className="px-1 text-sm font-medium">Callback {place}</legend>
      <TargetField {...editing} />
      <AddressField {...editing} />
      <Button size="small" aria-label={`Remove callback ${place}`} onClick={onRemove}>
        <X aria-hidden />
        Remove
      </Button>
    </fieldset>
  );
}

function AddressField({ row, onChange }: Editing): ReactElement {
  return (
    <TextField
      label="Address"
      name="callback_url"
      type="url"
      required
      maxLength={2048}
      value={row.url}
      onChange={(event) => {
        onChange({ url: event.target.value });
      }}
      placeholder="https://flows.example.com/done/"
      autoComplete="off"
      spellCheck={false}
      help="It, and what lies under it. Scheme, host and port are its target’s."
    />
  );
}

function TargetField({ row, onChange }: Editing): ReactElement {
  const targets = useTargetNames();
  const known = targets.data ?? [];
  return (
    <>
      {targets.error !== null && <ProblemNotice error={targets.error} />}
      <SelectField
        label="Target"
        name="callback_target"
        required
        value={row.target}
        onChange={(event) => {
          onChange(chosen(event.target.value, row, known));
        }}
        help="It lends its secret, headers, time limit and retries."
      >
        <option value="">Choose…</option>
        {namesWith(row.target, known).map((name) => (
          <option key={name}>{name}</option>
        ))}
      </SelectField>
    </>
  );
}

/** A target begins the address, where there is none yet. */
function chosen(name: string, row: Row, known: readonly Target[]): Partial<CallbackEntry> {
  const found = known.find((each) => each.name === name);
  const begins = row.url === '' && found !== undefined;
  return begins ? { target: name, url: startOf(found.url) } : { target: name };
}

/** A target that is gone, or not among the first, is still the one that is said. */
function namesWith(said: string, known: readonly Target[]): string[] {
  const names = known.map((each) => each.name);
  return said === '' || names.includes(said) ? names : [said, ...names];
}

function numbered(entries: readonly CallbackEntry[]): Row[] {
  return entries.length === 0
    ? [{ key: 0, url: '', target: '' }]
    : entries.map(({ url, target }, key) => ({ key, url, target }));
}
