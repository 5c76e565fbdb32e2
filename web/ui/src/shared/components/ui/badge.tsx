import { cva, type VariantProps } from 'class-variance-authority';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

const badgeStyle = cva(
  'inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap [&_svg]:size-3 [&_svg]:shrink-0',
  {
    variants: {
      tone: {
        neutral: 'bg-sunken text-muted',
        info: 'bg-info-soft text-info',
        wait: 'bg-wait-soft text-wait',
        ok: 'bg-ok-soft text-ok',
        bad: 'bg-bad-soft text-bad',
      },
    },
    defaultVariants: { tone: 'neutral' },
  },
);

export type Tone = NonNullable<VariantProps<typeof badgeStyle>['tone']>;

export function Badge({
  className,
  tone,
  ...rest
}: ComponentProps<'span'> & VariantProps<typeof badgeStyle>): ReactElement {
  return <span className={cn(badgeStyle({ tone }), className)} {...rest} />;
}
