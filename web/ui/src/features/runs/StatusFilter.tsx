import { ChevronDown } from 'lucide-react';
import { useId, type ReactElement } from 'react';
import { Button } from '@/shared/components/ui/button';
import { Checkbox } from '@/shared/components/ui/checkbox';
import { Popover, PopoverContent, PopoverTrigger } from '@/shared/components/ui/popover';
import { RUN_STATUSES, statusLabel, type RunStatus } from '@/shared/components/status-badge';

/** Several statuses at once; none is all of them. */
export function StatusFilter({
  value,
  onChange,
}: {
  value: readonly RunStatus[];
  onChange: (value: readonly RunStatus[]) => void;
}): ReactElement {
  const id = useId();
  const toggle = (status: RunStatus): void => {
    const kept = value.filter((each) => each !== status);
    onChange(kept.length === value.length ? [...value, status] : kept);
  };
  return (
    <div>
      <span id={id} className="mb-0.5 block text-xs text-muted">
        Status
      </span>
      <Popover>
        <PopoverTrigger asChild>
          <Button className="border-control font-normal" aria-describedby={id}>
            {summary(value)}
            <ChevronDown aria-hidden className="text-muted" />
          </Button>
        </PopoverTrigger>
        <PopoverContent align="start" aria-label="Status" className="w-64 p-2">
          <div role="group" aria-label="Statuses" className="grid grid-cols-2">
            {RUN_STATUSES.map((status) => (
              <label
                key={status}
                htmlFor={`${id}-${status}`}
                className="flex min-h-8 items-center gap-1.5 rounded px-1 text-sm hover:bg-sunken"
              >
                <Checkbox
                  id={`${id}-${status}`}
                  checked={value.includes(status)}
                  onCheckedChange={() => {
                    toggle(status);
                  }}
                />
                {statusLabel(status)}
              </label>
            ))}
          </div>
        </PopoverContent>
      </Popover>
    </div>
  );
}

function summary(value: readonly RunStatus[]): string {
  const [first, ...more] = value;
  if (first === undefined) return 'Any';
  return more.length === 0 ? statusLabel(first) : `${statusLabel(first)} + ${more.length}`;
}
