import { useId, type ReactElement } from 'react';

/** The reasons the rules offer; the requester is told the one that is chosen. */
export function PresetReasons({
  reasons,
  value,
  onChange,
}: {
  reasons: readonly string[];
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}): ReactElement | null {
  const name = useId();
  if (reasons.length === 0) return null;
  return (
    <fieldset className="space-y-0.5">
      <legend className="mb-1 text-sm font-medium">
        What the requester is told <span className="font-normal text-muted">(optional)</span>
      </legend>
      {[...reasons, undefined].map((each) => (
        <label key={each ?? ''} className="flex min-h-8 items-center gap-2 text-sm">
          <input
            type="radio"
            name={name}
            className="size-4.5 shrink-0 accent-accent"
            checked={value === each}
            onChange={() => {
              onChange(each);
            }}
          />
          <span className="break-words">{each ?? 'None of these'}</span>
        </label>
      ))}
    </fieldset>
  );
}
