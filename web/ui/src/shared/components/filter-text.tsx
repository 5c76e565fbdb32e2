import { useEffect, useId, useState, type ReactElement } from 'react';
import { Input } from './ui/input';

const REST_MS = 350;

/** A filter one types; it counts once the fingers rest, or at Enter. */
export function FilterText({
  label,
  value,
  onChange,
  placeholder,
  type = 'text',
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  placeholder?: string;
  type?: 'text' | 'datetime-local' | 'number';
}): ReactElement {
  const id = useId();
  const [typed, setTyped] = useState(value ?? '');
  const [known, setKnown] = useState(value);
  if (known !== value) {
    // The address changed by itself: back, or Clear.
    setKnown(value);
    setTyped(value ?? '');
  }
  const wanted = typed.trim() === '' ? undefined : typed.trim();
  useEffect(() => {
    if (wanted === value) return undefined;
    const timer = setTimeout(() => {
      onChange(wanted);
    }, REST_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [wanted, value, onChange]);
  return (
    <div className="max-sm:w-full">
      <label htmlFor={id} className="mb-0.5 block text-xs text-muted">
        {label}
      </label>
      <Input
        id={id}
        type={type}
        value={typed}
        placeholder={placeholder}
        onChange={(event) => {
          setTyped(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && wanted !== value) onChange(wanted);
        }}
      />
    </div>
  );
}
