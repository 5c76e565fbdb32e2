import type { ReactElement } from 'react';

/** Which of one's groups the other person may vote with. */
export function GroupChoice({
  groups,
  value,
  onChange,
}: {
  groups: readonly string[];
  value: readonly string[];
  onChange: (groups: readonly string[]) => void;
}): ReactElement {
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">With which of your groups</legend>
      {groups.length === 0 && (
        <p className="text-sm text-muted">
          You are in no group that votes, so there is nothing to lend.
        </p>
      )}
      <div className="flex flex-wrap gap-x-4">
        {groups.map((each) => (
          <label key={each} className="flex min-h-8 items-center gap-2 text-sm">
            <input
              type="checkbox"
              className="size-4.5 shrink-0 accent-accent"
              checked={value.includes(each)}
              onChange={(event) => {
                onChange(
                  event.target.checked ? [...value, each] : value.filter((other) => other !== each),
                );
              }}
            />
            {each}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
