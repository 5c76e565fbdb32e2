import type { Intent } from './search';

/**
 * What must outlive a trip to the identity provider: a decision begun (a rule may ask who decides
 * to sign in anew), and the token of a decision link. In this tab only, until it is used.
 */

export interface Draft {
  intent: Intent;
  digest: string;
  reason: string;
  preset?: string | undefined;
  onBehalfOf?: string | undefined;
}

const draftKey = (approval: string): string => `awgp.draft.${approval}`;
const linkKey = (approval: string): string => `awgp.link.${approval}`;

export function keepDraft(approval: string, draft: Draft): void {
  put(draftKey(approval), JSON.stringify(draft));
}

/** A draft about another digest is about another question: it is left out. */
export function draftOf(approval: string, digest: string): Draft | undefined {
  const text = sessionStorage.getItem(draftKey(approval));
  if (text === null) return undefined;
  try {
    const draft = JSON.parse(text) as Draft;
    return draft.digest === digest ? draft : undefined;
  } catch {
    return undefined;
  }
}

export function dropDraft(approval: string): void {
  sessionStorage.removeItem(draftKey(approval));
}

/** Why somebody breaks the glass over a digest. */
export interface Emergency {
  digest: string;
  reason: string;
}

const emergencyKey = (approval: string): string => `awgp.emergency.${approval}`;

export function keepEmergency(approval: string, emergency: Emergency): void {
  put(emergencyKey(approval), JSON.stringify(emergency));
}

/** The reason begun over this digest; empty where there is none. */
export function emergencyOf(approval: string, digest: string): string {
  const text = sessionStorage.getItem(emergencyKey(approval));
  if (text === null) return '';
  try {
    const kept = JSON.parse(text) as Emergency;
    return kept.digest === digest ? kept.reason : '';
  } catch {
    return '';
  }
}

export function dropEmergency(approval: string): void {
  sessionStorage.removeItem(emergencyKey(approval));
}

/** Take the token out of an address's fragment: `#link=…`. */
export function keepLink(approval: string, fragment: string): void {
  const token = new URLSearchParams(fragment.replace(/^#/, '')).get('link');
  if (token !== null && token !== '') put(linkKey(approval), token);
}

export function linkOf(approval: string): string | undefined {
  return sessionStorage.getItem(linkKey(approval)) ?? undefined;
}

export function dropLink(approval: string): void {
  sessionStorage.removeItem(linkKey(approval));
}

function put(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Storage is off: the person types their reason again.
  }
}
