import { cva, type VariantProps } from 'class-variance-authority';
import { Slot } from 'radix-ui';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

const buttonStyle = cva(
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors select-none disabled:pointer-events-none disabled:opacity-55 aria-disabled:pointer-events-none aria-disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0',
  {
    variants: {
      variant: {
        primary: 'bg-accent text-on-accent hover:bg-accent-strong',
        secondary: 'border border-line bg-surface text-text hover:bg-sunken',
        ghost: 'text-text hover:bg-sunken',
        danger: 'bg-bad text-on-bad hover:bg-bad-strong',
        link: 'h-auto p-0 text-accent underline-offset-4 hover:underline',
      },
      size: {
        small: 'h-7 px-2.5 text-sm',
        medium: 'h-9 px-3.5',
        large: 'h-11 px-5',
        icon: 'size-9',
        'icon-small': 'size-7',
      },
    },
    defaultVariants: { variant: 'secondary', size: 'medium' },
  },
);

const UNDER_WAY: ComponentProps<'button'> = {
  'aria-disabled': true,
  onClick: (event) => {
    event.preventDefault();
  },
};

export interface ButtonProps extends ComponentProps<'button'>, VariantProps<typeof buttonStyle> {
  /** Style the one child instead of making a button: a link that looks like one. */
  asChild?: boolean;
  /** What it began is under way: it does nothing more, and keeps the focus a disabled one loses. */
  busy?: boolean;
}

export function Button({
  className,
  variant,
  size,
  asChild = false,
  type = 'button',
  busy = false,
  ...rest
}: ButtonProps): ReactElement {
  const classes = cn(buttonStyle({ variant, size }), className);
  if (asChild) return <Slot.Root className={classes} {...rest} />;
  return <button type={type} className={classes} {...rest} {...(busy ? UNDER_WAY : {})} />;
}
