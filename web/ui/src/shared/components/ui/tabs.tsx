import { Tabs as Radix } from 'radix-ui';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

export const Tabs = Radix.Root;

export function TabsList({ className, ...rest }: ComponentProps<typeof Radix.List>): ReactElement {
  return (
    <Radix.List
      className={cn('flex gap-4 overflow-x-auto border-b border-line', className)}
      {...rest}
    />
  );
}

export function TabsTrigger({
  className,
  ...rest
}: ComponentProps<typeof Radix.Trigger>): ReactElement {
  return (
    <Radix.Trigger
      className={cn(
        '-mb-px min-h-9 border-b-2 border-transparent px-0.5 text-sm font-medium whitespace-nowrap text-muted hover:text-text data-[state=active]:border-accent data-[state=active]:text-text',
        className,
      )}
      {...rest}
    />
  );
}

export function TabsContent({
  className,
  ...rest
}: ComponentProps<typeof Radix.Content>): ReactElement {
  return <Radix.Content className={cn('pt-4', className)} {...rest} />;
}
