import type { Queue, QueueName } from './queues';
import type { Tone } from '@/shared/components/ui/badge';

export const QUEUES = ['policy', 'hold', 'execute', 'post_action', 'audit', 'export'] as const;

export const LABELS: Record<QueueName, string> = {
  policy: 'Policy',
  hold: 'Hold',
  execute: 'Execute',
  post_action: 'Post-actions',
  audit: 'Audit',
  export: 'Export',
};

export const DOES: Record<QueueName, string> = {
  policy: 'Asks the policy about each request',
  hold: 'Asks people, reminds them, and lets questions expire',
  execute: 'Starts agents in their sandboxes',
  post_action: 'Delivers what agents leave',
  audit: 'Seals the trail',
  export: 'Copies the sealed trail to the object store',
};

export const STATES: Record<Queue['state'], { tone: Tone; label: string }> = {
  running: { tone: 'ok', label: 'Running' },
  draining: { tone: 'wait', label: 'Draining' },
  paused: { tone: 'bad', label: 'Paused' },
};
