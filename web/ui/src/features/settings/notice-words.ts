import type { ChannelBody, Notice } from './channels';
import type { Tone } from '@/shared/components/ui/badge';

type Event = ChannelBody['events'][number];

export const EVENTS: Record<Event, string> = {
  'approval.opened': 'Something is asked',
  'approval.reminded': 'It still waits',
  'approval.escalated': 'It is passed on',
  'approval.approved': 'It was approved',
  'approval.rejected': 'It was rejected',
  'approval.expired': 'Nobody decided in time',
  'approval.cancelled': 'It was withdrawn',
  'break_glass.used': 'One person approved alone',
  'run.completed': 'A run was completed',
  'run.failed': 'A run failed',
  'target.disabled': 'A target was switched off',
};

export const STATUSES: Record<Notice['status'], { tone: Tone; label: string }> = {
  due: { tone: 'info', label: 'Under way' },
  delivered: { tone: 'ok', label: 'Delivered' },
  given_up: { tone: 'bad', label: 'Given up' },
  nobody: { tone: 'neutral', label: 'Nobody to tell' },
};

export function eventLabel(event: Notice['event']): string {
  return event === 'channel.test' ? 'A test' : EVENTS[event];
}

/** One a line, or between commas, without the empty ones. */
export function listIn(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map((each) => each.trim())
    .filter((each) => each !== '');
}
