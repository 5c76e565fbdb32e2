import {
  Bot,
  Building2,
  Inbox,
  Layers,
  ListTree,
  Radio,
  Scale,
  ScrollText,
  Send,
  Settings,
  type LucideIcon,
} from 'lucide-react';

export interface NavItem {
  to:
    | '/t/$tenant/inbox'
    | '/t/$tenant/runs'
    | '/t/$tenant/assistants'
    | '/t/$tenant/policies'
    | '/t/$tenant/sources'
    | '/t/$tenant/targets'
    | '/t/$tenant/queues'
    | '/t/$tenant/audit'
    | '/t/$tenant/tenants'
    | '/t/$tenant/settings';
  label: string;
  icon: LucideIcon;
  /** Pressed after `g`. */
  key: string;
  group: 'work' | 'set up' | 'look after';
  /** Shown to the holding's people only. */
  holding?: boolean;
  /** One of the four in a phone's bottom bar. */
  bar?: boolean;
}

export const NAV: readonly NavItem[] = [
  { to: '/t/$tenant/inbox', label: 'Inbox', icon: Inbox, key: 'i', group: 'work', bar: true },
  { to: '/t/$tenant/runs', label: 'Runs', icon: ListTree, key: 'r', group: 'work', bar: true },
  {
    to: '/t/$tenant/assistants',
    label: 'Assistants',
    icon: Bot,
    key: 'a',
    group: 'set up',
    bar: true,
  },
  { to: '/t/$tenant/policies', label: 'Policies', icon: Scale, key: 'p', group: 'set up' },
  { to: '/t/$tenant/sources', label: 'Sources', icon: Radio, key: 's', group: 'set up' },
  { to: '/t/$tenant/targets', label: 'Targets', icon: Send, key: 't', group: 'set up' },
  { to: '/t/$tenant/queues', label: 'Queues', icon: Layers, key: 'q', group: 'look after' },
  { to: '/t/$tenant/audit', label: 'Audit', icon: ScrollText, key: 'u', group: 'look after' },
  {
    to: '/t/$tenant/tenants',
    label: 'Tenants',
    icon: Building2,
    key: 'n',
    group: 'look after',
    holding: true,
  },
  { to: '/t/$tenant/settings', label: 'Settings', icon: Settings, key: 'e', group: 'look after' },
];

export const GROUPS = ['work', 'set up', 'look after'] as const;
