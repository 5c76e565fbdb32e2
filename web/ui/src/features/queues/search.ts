import { QUEUES } from './words';
import { choiceParam, compact, textParam, type RawSearch } from '@/shared/search/params';

export const SPANS = ['15m', '1h', '6h', '24h'] as const;
export type Span = (typeof SPANS)[number];
export const MINUTES: Record<Span, number> = { '15m': 15, '1h': 60, '6h': 360, '24h': 1_440 };

/** `/t/acme/queues?queue=execute&span=6h`: which queue is opened, how far back the charts go. */
export interface QueuesSearch {
  queue?: (typeof QUEUES)[number];
  span?: Span;
}

export function parseQueuesSearch(raw: RawSearch): QueuesSearch {
  return compact({
    queue: choiceParam(raw, 'queue', QUEUES),
    span: choiceParam(raw, 'span', SPANS),
  });
}

/** Open ones are listed without saying so. */
export const LETTER_STATES = ['replayed', 'discarded', 'all'] as const;

export interface DeadLettersSearch {
  state?: (typeof LETTER_STATES)[number];
  stage?: (typeof QUEUES)[number];
  assistant?: string;
  error?: string;
}

export function parseDeadLettersSearch(raw: RawSearch): DeadLettersSearch {
  return compact({
    state: choiceParam(raw, 'state', LETTER_STATES),
    stage: choiceParam(raw, 'stage', QUEUES),
    assistant: textParam(raw, 'assistant'),
    error: textParam(raw, 'error'),
  });
}
