import { Command as Cmdk } from 'cmdk';
import { Search } from 'lucide-react';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

export function Command({ className, ...rest }: ComponentProps<typeof Cmdk>): ReactElement {
  return <Cmdk className={cn('flex min-h-0 flex-col', className)} {...rest} />;
}

export function CommandInput(props: ComponentProps<typeof Cmdk.Input>): ReactElement {
  return (
    <div className="flex items-center gap-2 border-b border-line px-3">
      <Search aria-hidden className="size-4 shrink-0 text-muted" />
      <Cmdk.Input
        className="h-12 w-full bg-transparent outline-none placeholder:text-muted"
        {...props}
      />
    </div>
  );
}

export function CommandList({
  className,
  ...rest
}: ComponentProps<typeof Cmdk.List>): ReactElement {
  return <Cmdk.List className={cn('max-h-80 overflow-y-auto p-1', className)} {...rest} />;
}

export function CommandEmpty(props: ComponentProps<typeof Cmdk.Empty>): ReactElement {
  return <Cmdk.Empty className="px-3 py-8 text-center text-sm text-muted" {...props} />;
}

export function CommandGroup(props: ComponentProps<typeof Cmdk.Group>): ReactElement {
  return (
    <Cmdk.Group
      className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1.5 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-muted"
      {...props}
    />
  );
}

export function CommandItem({
  className,
  ...rest
}: ComponentProps<typeof Cmdk.Item>): ReactElement {
  return (
    <Cmdk.Item
      className={cn(
        'flex min-h-9 cursor-pointer items-center gap-2 rounded px-2 text-sm select-none data-[selected=true]:bg-sunken [&_svg]:size-4 [&_svg]:text-muted',
        className,
      )}
      {...rest}
    />
  );
}
