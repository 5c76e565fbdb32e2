import { useId, type ReactElement } from 'react';
import { UNITS, type Span, type Unit } from './rule-draft';
import { described, FieldNotes } from '@/shared/components/form-field';
import { Input } from '@/shared/components/ui/input';
import { Label } from '@/shared/components/ui/label';
import { Select } from '@/shared/components/ui/select';

const LONGEST_SECONDS = 90 * UNITS.days;

/** A number and its unit. */
export function SpanField<Value extends Span>({
  label,
  help,
  error,
  value,
  onChange,
}: {
  label: string;
  help?: string;
  error: string | undefined;
  value: Value;
  onChange: (value: Value) => void;
}): ReactElement {
  const id = useId();
  return (
    <div className="min-w-0 space-y-1">
      <Label htmlFor={id}>{label}</Label>
      <div className="flex gap-2">
        <Input
          id={id}
          type="number"
          inputMode="numeric"
          required
          min={1}
          max={Math.floor(LONGEST_SECONDS / UNITS[value.unit])}
          step={1}
          className="w-24"
          {...described(id, help, error)}
          value={value.amount}
          onChange={(event) => {
            onChange({ ...value, amount: event.target.value });
          }}
        />
        <Select
          aria-label={`${label}: unit`}
          value={value.unit}
          onChange={(event) => {
            onChange({ ...value, unit: event.target.value as Unit });
          }}
        >
          {Object.keys(UNITS).map((unit) => (
            <option key={unit}>{unit}</option>
          ))}
        </Select>
      </div>
      <FieldNotes id={id} help={help} error={error} />
    </div>
  );
}
