import type { ReactElement, ReactNode } from 'react';
import { Label } from '@/shared/components/ui/label';

export function SettingRow({
  id,
  label,
  help,
  children,
}: {
  id: string;
  label: string;
  help?: string;
  children: ReactNode;
}): ReactElement {
  return (
    <div className="flex min-h-12 items-center justify-between gap-4 py-1.5">
      <div>
        <Label htmlFor={id}>{label}</Label>
        {help !== undefined && <p className="text-sm text-muted">{help}</p>}
      </div>
      {children}
    </div>
  );
}
