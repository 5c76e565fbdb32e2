import { X } from 'lucide-react';
import { useId, type ReactElement, type ReactNode } from 'react';
import { Button } from './ui/button';
import { Select } from './ui/select';

/** Filters, one row above a list; their state belongs in the address. */
export function FilterBar({
  label,
  active,
  onClear,
  children,
}: {
  label: string;
  /** Whether any filter is set. */
  active: boolean;
  onClear: () => void;
  children: ReactNode;
}): ReactElement {
  return (
    <search aria-label={label} className="mb-3 flex flex-wrap items-end gap-2">
      {children}
      {active && (
        <Button variant="ghost" onClick={onClear}>
          <X aria-hidden />
          Clear
        </Button>
      )}
    </search>
  );
}

export function FilterSelect<Value extends string>({
  label,
  value,
  options,
  none = 'Any',
  onChange,
}: {
  label: string;
  value: Value | undefined;
  options: readonly { value: Value; label: string }[];
  /** What no choice means. */
  none?: string;
  onChange: (value: Value | undefined) => void;
}): ReactElement {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-0.5 block text-xs text-muted">
        {label}
      </label>
      <Select
        id={id}
        value={value ?? ''}
        onChange={(event) => {
          onChange(options.find((each) => each.value === event.target.value)?.value);
        }}
      >
        <option value="">{none}</option>
        {options.map((each) => (
          <option key={each.value} value={each.value}>
            {each.label}
          </option>
        ))}
      </Select>
    </div>
  );
}
