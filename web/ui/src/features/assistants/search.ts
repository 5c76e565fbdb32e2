import { choiceParam, compact, textParam, type RawSearch } from '@/shared/search/params';

export interface AssistantsSearch {
  q?: string;
  active?: 'yes' | 'no';
}

export function parseAssistantsSearch(raw: RawSearch): AssistantsSearch {
  return compact({
    q: textParam(raw, 'q'),
    active: choiceParam(raw, 'active', ['yes', 'no'] as const),
  });
}

/** `/assistants/booker?version=2&file=main.py&against=1`. */
export interface AssistantSearch {
  version?: number;
  file?: string;
  against?: number;
}

export function parseAssistantSearch(raw: RawSearch): AssistantSearch {
  return compact({
    version: numberIn(raw, 'version'),
    file: textParam(raw, 'file'),
    against: numberIn(raw, 'against'),
  });
}

function numberIn(raw: RawSearch, name: string): number | undefined {
  const value = Number(textParam(raw, name));
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
