import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

/** Scrolls sideways by itself where the window is narrow; reachable by keyboard for that. */
export function Table({ className, ...rest }: ComponentProps<'table'>): ReactElement {
  return (
    <div
      role="region"
      aria-label={rest['aria-label']}
      tabIndex={0}
      className="overflow-x-auto rounded-[inherit]"
    >
      <table className={cn('w-full border-collapse text-left', className)} {...rest} />
    </div>
  );
}

export function TableHead({ className, ...rest }: ComponentProps<'thead'>): ReactElement {
  return <thead className={cn('border-b border-line', className)} {...rest} />;
}

export function TableBody({ className, ...rest }: ComponentProps<'tbody'>): ReactElement {
  return <tbody className={cn('divide-y divide-line', className)} {...rest} />;
}

/** The whole row is its `data-row` link's to click (`row-keys.ts`), and no more than the row. */
export function TableRow({ className, ...rest }: ComponentProps<'tr'>): ReactElement {
  return <tr className={cn('relative hover:bg-sunken/60', className)} {...rest} />;
}

export function TableHeader({ className, ...rest }: ComponentProps<'th'>): ReactElement {
  return (
    <th
      scope="col"
      className={cn(
        'px-2.5 py-2 text-xs font-medium whitespace-nowrap text-muted sm:px-4',
        className,
      )}
      {...rest}
    />
  );
}

export function TableCell({ className, ...rest }: ComponentProps<'td'>): ReactElement {
  return <td className={cn('px-2.5 py-row align-middle sm:px-4', className)} {...rest} />;
}
