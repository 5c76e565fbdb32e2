import { useMutation } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** POST /v1/audit/verify, a piece a call, until the log's end or the first thing that is wrong. */

type Piece = components['schemas']['VerificationView'];

export interface Verification {
  verdict: Piece['verdict'];
  /** The last entry looked at, and the log's last when it began. */
  reached: number;
  total: number;
  covered: number;
  checkpoints: number;
  firstBad: Piece['first_bad'];
  fingerprint: string | undefined;
  done: boolean;
}

const WORST: readonly Piece['verdict'][] = ['verified', 'signer-unknown', 'failed'];

export function useVerify(onProgress: (state: Verification) => void) {
  const tenant = useTenant();
  return useMutation({
    mutationFn: async (signal: AbortSignal) => {
      const api = apiOf(tenant);
      const head = await read(api.GET('/v1/audit', { params: { query: { limit: 1 } }, signal }));
      let state = begun(head.items[0]?.sequence ?? 0);
      let cursor: string | null = null;
      do {
        const body: { first: number; cursor: string | null } = { first: 1, cursor };
        const piece: Piece = await read(api.POST('/v1/audit/verify', { body, signal }));
        state = withPiece(state, piece);
        cursor = piece.first_bad === null ? piece.next : null;
        onProgress(state);
      } while (cursor !== null);
      return state;
    },
    meta: { showsErrors: true },
  });
}

export function begun(total: number): Verification {
  return {
    verdict: 'verified',
    reached: 0,
    total,
    covered: 0,
    checkpoints: 0,
    firstBad: null,
    fingerprint: undefined,
    done: false,
  };
}

export function withPiece(state: Verification, piece: Piece): Verification {
  const worst = Math.max(WORST.indexOf(state.verdict), WORST.indexOf(piece.verdict));
  const reached = Math.max(state.reached, piece.last);
  return {
    verdict: WORST[worst] ?? 'failed',
    reached,
    total: Math.max(state.total, reached),
    covered: Math.max(state.covered, piece.covered),
    checkpoints: state.checkpoints + piece.checkpoints,
    firstBad: state.firstBad ?? piece.first_bad,
    fingerprint: piece.signer?.fingerprint ?? state.fingerprint,
    done: piece.next === null || piece.first_bad !== null,
  };
}
