import type { GatewayCall } from './run-calls';
import type { Tone } from '@/shared/components/ui/badge';

/** What came of a call, in a word or two and a colour; a reason not known here as it is. */
export function verdictOf(call: Pick<GatewayCall, 'error' | 'status'>): {
  tone: Tone;
  label: string;
} {
  if (call.error !== '') return WORDS[call.error] ?? { tone: 'bad', label: said(call.error) };
  if (call.status === null) return { tone: 'neutral', label: 'no answer' };
  return { tone: call.status < 400 ? 'ok' : 'wait', label: 'answered' };
}

const WORDS: Record<string, { tone: Tone; label: string }> = {
  unfinished: { tone: 'wait', label: 'cut short' },
  'not-allowed': { tone: 'bad', label: 'not allowed' },
  'address-refused': { tone: 'bad', label: 'address refused' },
  'credential-missing': { tone: 'bad', label: 'credential missing' },
  'budget-spent': { tone: 'bad', label: 'budget spent' },
  unreachable: { tone: 'wait', label: 'unreachable' },
  'timed-out': { tone: 'wait', label: 'timed out' },
};

function said(error: string): string {
  return error.replaceAll('-', ' ');
}
