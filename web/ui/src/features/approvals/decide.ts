import { useMutation, useQueryClient } from '@tanstack/react-query';
import { dropDraft, dropLink, keepDraft, linkOf } from './draft';
import type { Intent } from './search';
import { apiOf, read } from '@/shared/api/client';
import { isProblem } from '@/shared/api/problem';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** POST /v1/approvals/{id}/votes, or /v1/decision-links for who came by a link. */

export type Voted = components['schemas']['ApprovalView'];

export interface Decision {
  verdict: Intent;
  /** Of what its maker looked at. */
  digest: string;
  reason: string;
  preset?: string | undefined;
  onBehalfOf?: string | undefined;
}

async function cast(tenant: string, id: string, decision: Decision): Promise<Voted> {
  const { verdict, digest, reason, preset, onBehalfOf } = decision;
  const token = linkOf(id);
  const body = { verdict, digest, reason, reject_reason: preset ?? null };
  if (token !== undefined && onBehalfOf === undefined) {
    return read(apiOf(tenant).POST('/v1/decision-links', { body: { ...body, token } }));
  }
  return read(
    apiOf(tenant).POST('/v1/approvals/{approval_id}/votes', {
      params: { path: { approval_id: id } },
      body: { ...body, on_behalf_of: onBehalfOf ?? null },
    }),
  );
}

/**
 * `onVoted` is heard even where the form is gone by then: the live event may be here before the
 * answer is, and what is decided has no form.
 */
export function useDecide(id: string, onVoted: (voted: Voted, verdict: Intent) => void) {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (decision: Decision) => cast(tenant, id, decision),
    meta: { showsErrors: true },
    onMutate: ({ verdict, ...rest }) => {
      keepDraft(id, { intent: verdict, ...rest });
    },
    onSuccess: (voted, { verdict }) => {
      dropLink(id);
      onVoted(voted, verdict);
    },
    onError: (error) => {
      // A link that no longer serves is put away; one may still vote as everybody does.
      if (isProblem(error) && error.slug.startsWith('decision-link')) dropLink(id);
    },
    onSettled: () => {
      dropDraft(id); // not reached by who was sent to sign in again
      void client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'approvals'] });
    },
  });
}
