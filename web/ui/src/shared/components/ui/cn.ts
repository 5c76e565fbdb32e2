import { clsx, type ClassValue } from 'clsx';
import { extendTailwindMerge } from 'tailwind-merge';

const merge = extendTailwindMerge({ extend: { theme: { spacing: ['row'] } } });

/** Class names joined; of two that contradict each other, the later. */
export function cn(...classes: ClassValue[]): string {
  return merge(clsx(classes));
}
