import { Plus, X } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { MOST_ENTRIES, startOf, type CallbackEntry } from './callbacks';
import { useTargetNames } from './target-names';
import { SelectField, TextField } from '@/shared/components/form-field';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';

interface Row extends CallbackEntry {
  key: number;
}

/** A row an entry: a target, and an address at its origin. */
export function CallbackFields({ entries }: { entries: readonly CallbackEntry[] }): ReactElement {
  const [rows, setRows] = useState<Row[]>(() => numbered(entries));
  const [next, setNext] = useState(rows.length);
  const change = (key: number, to: Partial<CallbackEntry>): void => {
    setRows((old) => old.map((each) => (each.key === key ? { ...each, ...to } : each)));
  };
  const add = (): void => {
    setRows((old) => [...old, { key: next, url: '', target: '' }]);
    setNext(next + 1);
  };
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
          onRemove={() => {
            setRows((old) => old.filter((each) => each.key !== row.key));
          }}
        />
      ))}
      <Button size="small" onClick={add} disabled={rows.length >= MOST_ENTRIES}>
        <Plus aria-hidden />
        One more
      </Button>
    </>
  );
}

function Entry({
  row,
  place,
  onChange,
  onRemove,
}: {
  row: Row;
  place: number;
  onChange: (to: Partial<CallbackEntry>) => void;
  onRemove: () => void;
}): ReactElement {
  return (
    <fieldset className="space-y-3 rounded-md border border-line p-3">
      <legend className="px-1 text-sm font-medium">Callback {place}</legend>
      <TargetField row={row} onChange={onChange} />
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
      <Button size="small" aria-label={`Remove callback ${place}`} onClick={onRemove}>
        <X aria-hidden />
        Remove
      </Button>
    </fieldset>
  );
}

function TargetField({
  row,
  onChange,
}: {
  row: Row;
  onChange: (to: Partial<CallbackEntry>) => void;
}): ReactElement {
  const targets = useTargetNames();
  const known = targets.data ?? [];
  const choose = (name: string): void => {
    const found = known.find((each) => each.name === name);
    const begins = row.url === '' && found !== undefined ? { url: startOf(found.url) } : {};
    onChange({ target: name, ...begins });
  };
  return (
    <>
      {targets.error !== null && <ProblemNotice error={targets.error} />}
      <SelectField
        label="Target"
        name="callback_target"
        required
        value={row.target}
        onChange={(event) => {
          choose(event.target.value);
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

/** A target that is gone, or not among the first, is still the one that is said. */
function namesWith(chosen: string, known: readonly { name: string }[]): string[] {
  const names = known.map((each) => each.name);
  return chosen === '' || names.includes(chosen) ? names : [chosen, ...names];
}

function numbered(entries: readonly CallbackEntry[]): Row[] {
  return entries.length === 0
    ? [{ key: 0, url: '', target: '' }]
    : entries.map(({ url, target }, key) => ({ key, url, target }));
}
