import { useLayoutEffect, type ElementType, type ReactNode, type Ref } from 'react';

/**
 * Stands in for the package react-remove-scroll, which Radix uses to keep the page behind a dialog
 * from scrolling: that one writes a `<style>` at run time, which our content policy forbids.
 * Here the page's own style sheet does it.
 */

interface RemoveScrollProps {
  as?: ElementType;
  ref?: Ref<unknown>;
  children?: ReactNode;
  enabled?: boolean;
  allowPinchZoom?: boolean;
  shards?: unknown;
  [property: string]: unknown;
}

let holders = 0;

function lock(): () => void {
  holders += 1;
  document.documentElement.dataset['scrollLocked'] = '';
  return () => {
    holders -= 1;
    if (holders === 0) delete document.documentElement.dataset['scrollLocked'];
  };
}

export function RemoveScroll({
  as: Element = 'div',
  children,
  enabled = true,
  allowPinchZoom: _allowPinchZoom,
  shards: _shards,
  ...rest
}: RemoveScrollProps): ReactNode {
  useLayoutEffect(() => (enabled ? lock() : undefined), [enabled]);
  return <Element {...rest}>{children}</Element>;
}
