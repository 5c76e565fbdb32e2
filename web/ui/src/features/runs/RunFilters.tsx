import { useId, type ReactElement, type ReactNode } from 'react';
import { useAssistantNames, useSourceNames } from './names';
import { joined, statusesIn, type RunsSearch } from './search';
import { StatusFilter } from './StatusFilter';
import { FilterBar, FilterSelect } from '@/shared/components/filter-bar';
import { Input } from '@/shared/components/ui/input';

const DEAD = [{ value: 'yes', label: 'Only with one' }] as const;

/** What narrows the list; all of it is in the address. */
export function RunFilters({
  search,
  onChange,
}: {
  search: RunsSearch;
  onChange: (to: RunsSearch) => void;
}): ReactElement {
  const change = (name: keyof RunsSearch, value: string | undefined): void => {
    const { [name]: _, ...others } = search;
    onChange(value === undefined || value === '' ? others : { ...others, [name]: value });
  };
  return (
    <FilterBar
      label="Filter runs"
      active={Object.keys(search).length > 0}
      onClear={() => {
        onChange({});
      }}
    >
      <StatusFilter
        value={statusesIn(search.status)}
        onChange={(statuses) => {
          change('status', joined(statuses));
        }}
      />
      <NameFilters search={search} change={change} />
      <FilterSelect
        label="Dead letters"
        value={search.dead}
        options={DEAD}
        onChange={(value) => {
          change('dead', value);
        }}
      />
      <Moments search={search} change={change} />
      <IdFilter key={search.id ?? ''} value={search.id} change={change} />
    </FilterBar>
  );
}

type Change = (name: keyof RunsSearch, value: string | undefined) => void;

function NameFilters({ search, change }: { search: RunsSearch; change: Change }): ReactElement {
  const assistants = useAssistantNames();
  const sources = useSourceNames();
  return (
    <>
      <FilterSelect
        label="Assistant"
        value={search.assistant}
        options={withChosen(assistants, search.assistant)}
        onChange={(value) => {
          change('assistant', value);
        }}
      />
      <FilterSelect
        label="Source"
        value={search.source}
        options={withChosen(sources, search.source)}
        onChange={(value) => {
          change('source', value);
        }}
      />
    </>
  );
}

function withChosen(
  options: readonly { value: string; label: string }[],
  chosen: string | undefined,
): readonly { value: string; label: string }[] {
  const known = chosen === undefined || options.some((each) => each.value === chosen);
  return known ? options : [...options, { value: chosen, label: chosen }];
}

function Moments({ search, change }: { search: RunsSearch; change: Change }): ReactElement {
  return (
    <>
      {(['since', 'until'] as const).map((name) => (
        <Field key={name} label={name === 'since' ? 'Came since' : 'Came before'}>
          {(id) => (
            <Input
              id={id}
              type="datetime-local"
              className="w-52"
              value={localOf(search[name])}
              onChange={(event) => {
                change(name, momentOf(event.target.value));
              }}
            />
          )}
        </Field>
      ))}
    </>
  );
}

function IdFilter({ value, change }: { value: string | undefined; change: Change }): ReactElement {
  return (
    <Field label="Id begins with">
      {(id) => (
        <Input
          id={id}
          className="w-44 font-mono text-sm"
          placeholder="0199…"
          spellCheck={false}
          autoComplete="off"
          defaultValue={value}
          onBlur={(event) => {
            if (event.target.value !== (value ?? '')) change('id', event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') change('id', event.currentTarget.value);
          }}
        />
      )}
    </Field>
  );
}

function Field({
  label,
  children,
}: {
  label: string;
  children: (id: string) => ReactNode;
}): ReactElement {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-0.5 block text-xs text-muted">
        {label}
      </label>
      {children(id)}
    </div>
  );
}

const MINUTE_MS = 60_000;

/** As `datetime-local` writes it, in this browser's time zone. */
function localOf(moment: string | undefined): string {
  if (moment === undefined) return '';
  const date = new Date(moment);
  return new Date(date.getTime() - date.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);
}

function momentOf(local: string): string | undefined {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
