// What a token says about its bearer, in the shape Keycloak gives it.

import { createPublicKey, verify } from 'node:crypto';

export const AUDIENCE = 'awgp';

export function personClaims(person) {
  return {
    name: person.name,
    preferred_username: person.username,
    email: person.email,
    groups: person.groups,
    realm_access: { roles: person.roles },
  };
}

export function machineClaims(machine) {
  return {
    name: machine.name,
    groups: machine.groups,
    realm_access: { roles: machine.roles },
    tenant: machine.tenant,
  };
}

// oidc-provider answers its userinfo endpoint for opaque tokens only; Keycloak's takes the same JWT
// the API takes, and so does every client written against it. This reads one of our own.
export function readOwnAccessToken(token, { issuer, jwks }) {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const [header, payload] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    const key = jwks.keys.find(({ kid }) => kid === header.kid);
    if (!key || header.alg !== 'RS256' || header.typ !== 'at+jwt') return undefined;
    const signed = verify(
      'sha256',
      Buffer.from(`${parts[0]}.${parts[1]}`),
      createPublicKey({ key: { kty: key.kty, n: key.n, e: key.e }, format: 'jwk' }),
      Buffer.from(parts[2], 'base64url'),
    );
    const alive = payload.exp > Date.now() / 1000;
    return signed && alive && payload.iss === issuer && payload.aud === AUDIENCE ? payload : undefined;
  } catch {
    return undefined; // not a token of ours: the caller answers 401
  }
}
