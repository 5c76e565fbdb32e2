import { queryOptions, useQuery } from '@tanstack/react-query';
import { checkApproval, type Check } from './check';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/approvals/{id}, and at once what this browser finds when it computes the digest anew. */

export type Approval = components['schemas']['ApprovalDetailView'];
export type Position = components['schemas']['PositionView'];

export interface Checked {
  approval: Approval;
  check: Check;
}

export function approvalQuery(tenant: string, id: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'approvals', 'one', id],
    queryFn: async ({ signal }): Promise<Checked> => {
      const approval = await read(
        apiOf(tenant).GET('/v1/approvals/{approval_id}', {
          params: { path: { approval_id: id } },
          signal,
        }),
      );
      return { approval, check: await checkApproval(approval) };
    },
  });
}

export function useApproval(id: string) {
  return useQuery(approvalQuery(useTenant(), id));
}
