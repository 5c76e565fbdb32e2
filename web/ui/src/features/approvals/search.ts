import { choiceParam, compact, textParam, type RawSearch } from '@/shared/search/params';

export const INBOX_TABS = ['mine', 'open', 'decided', 'reviews'] as const;
export type InboxTab = (typeof INBOX_TABS)[number];
export const INTENTS = ['approve', 'reject'] as const;
export type Intent = (typeof INTENTS)[number];

/** `/t/acme/inbox?tab=open&look=<approval>&intent=reject`: the sheet is part of the address. */
export interface InboxSearch {
  tab?: Exclude<InboxTab, 'mine'>;
  look?: string;
  intent?: Intent;
}

export function parseInboxSearch(raw: RawSearch): InboxSearch {
  const look = idParam(raw, 'look');
  return compact({
    tab: choiceParam(raw, 'tab', ['open', 'decided', 'reviews'] as const),
    look,
    intent: look === undefined ? undefined : choiceParam(raw, 'intent', INTENTS),
  });
}

export const PAYLOAD_VIEWS = ['tree', 'bytes', 'previous', 'edit'] as const;
export type PayloadTab = (typeof PAYLOAD_VIEWS)[number];

/** `/t/acme/approvals/<id>?payload=previous&file=main.py`. */
export interface ApprovalSearch {
  payload?: PayloadTab;
  file?: string;
}

export function parseApprovalSearch(raw: RawSearch): ApprovalSearch {
  return compact({
    payload: choiceParam(raw, 'payload', PAYLOAD_VIEWS),
    file: textParam(raw, 'file'),
  });
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function idParam(raw: RawSearch, name: string): string | undefined {
  const value = textParam(raw, name);
  return value !== undefined && ID.test(value) ? value : undefined;
}
