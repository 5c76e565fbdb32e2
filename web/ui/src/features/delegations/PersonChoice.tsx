import { useDeferredValue, useId, useState, type ReactElement } from 'react';
import { usePersons, type Person } from './persons';
import { Input } from '@/shared/components/ui/input';
import { Label } from '@/shared/components/ui/label';
import { SkeletonLines } from '@/shared/components/ui/skeleton';

/** One person of the tenant, found by a part of their name; not oneself, not a machine. */
export function PersonChoice({
  subject,
  value,
  onChange,
}: {
  subject: string;
  value: Person | undefined;
  onChange: (person: Person) => void;
}): ReactElement {
  const id = useId();
  const [part, setPart] = useState('');
  const { data } = usePersons(useDeferredValue(part.trim()));
  const found = data?.items.filter((each) => each.kind === 'human' && each.subject !== subject);
  return (
    <div className="space-y-1">
      <Label htmlFor={id}>To whom</Label>
      <Input
        id={id}
        type="search"
        placeholder="A part of a name"
        value={part}
        onChange={(event) => {
          setPart(event.target.value);
        }}
      />
      <fieldset className="max-h-44 overflow-y-auto rounded-md border border-line px-2 py-1">
        <legend className="sr-only">People</legend>
        {found === undefined && <SkeletonLines lines={2} />}
        {found?.length === 0 && (
          <p className="py-1 text-sm text-muted">
            Nobody of that name was here yet. People appear when they sign in.
          </p>
        )}
        {found?.map((each) => (
          <label key={each.id} className="flex min-h-8 items-center gap-2 text-sm">
            <input
              type="radio"
              name={`${id}-person`}
              className="size-4.5 shrink-0 accent-accent"
              checked={value?.id === each.id}
              onChange={() => {
                onChange(each);
              }}
            />
            <span className="min-w-0 break-words">
              {each.name} <span className="text-muted">{each.email}</span>
            </span>
          </label>
        ))}
      </fieldset>
    </div>
  );
}
