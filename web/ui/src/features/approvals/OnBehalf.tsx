import { useId, type ReactElement } from 'react';
import type { Position } from './approval';
import { Label } from '@/shared/components/ui/label';
import { Select } from '@/shared/components/ui/select';

/** Whose vote it is: one's own, or one that was lent. */
export function OnBehalf({
  position,
  value,
  onChange,
}: {
  position: Position;
  value: string | undefined;
  onChange: (lender: string | undefined) => void;
}): ReactElement | null {
  const id = useId();
  const [first] = position.via;
  if (first === undefined) return null;
  if (position.via.length === 1 && !position.itself) {
    return (
      <p className="text-sm">
        You vote for <strong>{first.lender}</strong>, who lent you their vote.
      </p>
    );
  }
  return (
    <div className="space-y-1">
      <Label htmlFor={id}>Whose vote</Label>
      <Select
        id={id}
        className="w-full"
        value={value ?? ''}
        onChange={(event) => {
          onChange(event.target.value === '' ? undefined : event.target.value);
        }}
      >
        {position.itself && <option value="">Mine</option>}
        {position.via.map((each) => (
          <option key={each.lender_id} value={each.lender_id}>
            {each.lender}’s, lent to me
          </option>
        ))}
      </Select>
    </div>
  );
}
