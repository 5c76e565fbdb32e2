import { useEffect, type ReactElement, type ReactNode } from 'react';
import { cn } from './ui/cn';

/** A page's frame: its one heading, what can be done here, and the title of the window. */
export function Page({
  title,
  description,
  actions,
  narrow = false,
  children,
}: {
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
  /** For forms and text: no wider than is good to read. */
  narrow?: boolean;
  children: ReactNode;
}): ReactElement {
  useEffect(() => {
    document.title = `${title} · AWGP`;
  }, [title]);
  return (
    <div className={cn('mx-auto w-full px-4 py-5 md:px-6', narrow ? 'max-w-3xl' : 'max-w-7xl')}>
      <header className="mb-4 flex flex-wrap items-center gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 max-sm:basis-full">
          <h1 id="page-title" tabIndex={-1} className="text-xl">
            {title}
          </h1>
          {description !== undefined && <div className="text-sm text-muted">{description}</div>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
