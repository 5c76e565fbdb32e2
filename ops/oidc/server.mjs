// A development OpenID provider: real protocol, demo people, this machine only.
//
//   node server.mjs CONFIGURATION.json
//
// The configuration (issuer, people, clients, keys) is written by `awgp up` into the data folder.
// It refuses to start where it could be mistaken for the real thing.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

import { interactionPolicy, Provider } from 'oidc-provider';

import { AUDIENCE, machineClaims, personClaims, readOwnAccessToken } from './claims.mjs';
import { openLogins, isPassword } from './logins.mjs';
import * as pages from './pages.mjs';
import { openStore } from './store.mjs';

const RESOURCE = 'urn:awgp:api';
const SCOPES = ['openid', 'profile', 'email', 'groups', 'offline_access'];
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const LONGEST_FORM_BYTES = 4096;
const LONGEST_FAREWELL_BYTES = 16384;
// A password is all there is here. Who asks for the second level is shown the password page again
// and given it: what asks for it can be tried, and nobody could take this for a second factor.
const LEVELS = ['1', '2'];
const MINUTE = 60;
const HOUR = 60 * MINUTE;

function refuse(reason) {
  console.error(`the development identity provider refuses to start: ${reason}`);
  process.exit(78);
}

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const issuer = new URL(settings.issuer);
if (process.env.AWGP_ENV === 'production') refuse('AWGP_ENV is production; set AWGP_OIDC_ISSUER');
if (!LOOPBACK.has(issuer.hostname)) refuse(`its issuer ${settings.issuer} is not on loopback`);

const people = openLogins(settings.people, settings.logins);
const machines = new Map(settings.machines.map((machine) => [machine.client_id, machine]));
const mount = issuer.pathname.replace(/\/$/, '');

function tokenClaims(ctx, token) {
  const person = people.get(token.accountId);
  if (!person) return { ...machineClaims(machines.get(token.clientId)), azp: token.clientId };
  const { AuthorizationCode: code, RefreshToken: refresh } = ctx.oidc.entities;
  const { authTime, acr } = code ?? refresh ?? {};
  return { ...personClaims(person), azp: token.clientId, auth_time: authTime, acr };
}

const levelsAskedFor = (params) => (params.acr_values ?? '').split(' ').filter((each) => LEVELS.includes(each));

// Every client is AWGP's own, so nobody is asked for consent: what is asked for is granted.
const policy = interactionPolicy.base();
policy.remove('consent');
policy.get('login').checks.add(new interactionPolicy.Check('level', 'another level is asked for', ({ oidc }) => {
  const asked = levelsAskedFor(oidc.params);
  return asked.length > 0 && !asked.includes(oidc.acr) && !oidc.result?.login;
}));

async function grantEverything(ctx) {
  const { client, session, provider, params, resourceServers } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  const found = known && (await provider.Grant.find(known));
  const grant = found ?? new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope);
  for (const resource of Object.keys(resourceServers ?? {})) grant.addResourceScope(resource, params.scope);
  await grant.save();
  return grant;
}

const provider = new Provider(settings.issuer, {
  adapter: openStore(settings.database),
  clients: settings.clients,
  jwks: settings.jwks,
  scopes: SCOPES,
  claims: {
    openid: ['sub', 'groups', 'realm_access'],
    profile: ['name', 'preferred_username'],
    email: ['email'],
  },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  responseTypes: ['code'],
  acrValues: LEVELS,
  // Who asks is one of our own processes, on this machine: the library's guard against that is off.
  fetch: (url, { dispatcher: _guard, ...options }) => fetch(url, options),
  cookies: {
    keys: settings.cookie_keys,
    // Browsers do not keep the cookies of two ports apart, so the port is in the name.
    names: {
      session: `awgp_oidc_${issuer.port}`,
      interaction: `awgp_oidc_${issuer.port}_step`,
      resume: `awgp_oidc_${issuer.port}_resume`,
    },
  },
  clientBasedCORS: () => false,
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      // Who comes with this session's own ID token was sent by the application they signed out of;
      // anybody else is asked, or a link could sign people out.
      logoutSource: (ctx, form) => show(ctx, isOfSession(ctx) ? pages.signingOut(form) : pages.signOut(form)),
      postLogoutSuccessSource: (ctx) => show(ctx, pages.signedOut()),
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: SCOPES.join(' '),
        audience: AUDIENCE,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  extraTokenClaims: tokenClaims,
  findAccount: (_ctx, sub) => {
    const person = people.get(sub);
    return person && { accountId: sub, claims: () => ({ sub, ...personClaims(person) }) };
  },
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  loadExistingGrant: grantEverything,
  interactions: { policy, url: (_ctx, interaction) => `${mount}/sign-in/${interaction.uid}` },
  renderError: (ctx, details) => show(ctx, pages.problem(details)),
  ttl: {
    AccessToken: 10 * MINUTE,
    ClientCredentials: 10 * MINUTE,
    IdToken: 10 * MINUTE,
    AuthorizationCode: MINUTE,
    Interaction: HOUR,
    RefreshToken: 12 * HOUR,
    Grant: 12 * HOUR,
    Session: 12 * HOUR,
  },
});
provider.on('backchannel.error', (_ctx, error, client) => console.error(`${client.clientId}: ${error.message}`));
provider.on('server_error', (_ctx, error) => console.error(error.stack));

function isOfSession({ oidc: { session, client, entities } }) {
  const told = entities.IdTokenHint?.payload;
  return told !== undefined && told.sub === session.accountId && told.sid === session.sidFor(client.clientId);
}

function show(ctx, html) {
  for (const [name, value] of Object.entries(pages.HEADERS)) ctx.set(name, value);
  ctx.body = html;
}

function answer(response, status, body, headers = pages.HEADERS) {
  response.writeHead(status, headers).end(body);
}

async function readForm(request, longest = LONGEST_FORM_BYTES) {
  if (Number(request.headers['content-length'] ?? Infinity) > longest) return undefined;
  return new URLSearchParams(await text(request));
}

async function signIn(request, response) {
  // Throws unless the browser holds this very interaction's signed cookie.
  const { params, session } = await provider.interactionDetails(request, response);
  const again = session ? people.get(session.accountId)?.username : undefined;
  if (request.method === 'GET') return answer(response, 200, pages.signIn({ username: again, again: again !== undefined }));
  if (request.method !== 'POST') return answer(response, 405, pages.problem({ error: 'method' }));
  const form = await readForm(request);
  if (!form) return answer(response, 413, pages.problem({ error: 'form too long' }));
  const username = form.get('username') ?? '';
  const person = people.named(username);
  const matches = isPassword(form.get('password') ?? '', person ?? { password: settings.cookie_keys[0] });
  if (!person || !matches) return answer(response, 401, pages.signIn({ username, failed: true }));
  const acr = levelsAskedFor(params)[0] ?? LEVELS[0];
  const result = { login: { accountId: person.sub, remember: true, acr, amr: ['pwd'] } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

function userinfo(request, response) {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const payload = readOwnAccessToken(token, settings);
  const person = payload && people.get(payload.sub);
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
  if (person) return answer(response, 200, JSON.stringify({ sub: person.sub, ...personClaims(person) }), headers);
  headers['WWW-Authenticate'] = 'Bearer error="invalid_token"';
  return answer(response, 401, '{"error":"invalid_token"}', headers);
}

const protocol = provider.callback();

// The library takes this form only with cookies that are sent from everywhere, which need https.
// Another site's comes without ours (SameSite=Lax): sent again from here, it has it.
async function farewell(request, response) {
  const form = await readForm(request, LONGEST_FAREWELL_BYTES);
  if (!form) return answer(response, 413, pages.problem({ error: 'form too long' }));
  if (request.headers['sec-fetch-site'] === 'cross-site') return answer(response, 200, pages.signingOutAgain(form));
  request.method = 'GET';
  request.url = `/session/end?${form}`;
  request.originalUrl = `${mount}${request.url}`; // less `url`, it is where the library lies
  return protocol(request, response);
}

async function route(request, response) {
  const { pathname } = new URL(request.url, settings.issuer);
  // A page elsewhere that makes its own name point at 127.0.0.1 still sends that name.
  if (request.headers.host !== issuer.host) return answer(response, 421, pages.problem({ error: 'host' }));
  if (pathname.startsWith(`${mount}/sign-in/`)) return signIn(request, response);
  if (pathname === `${mount}/me`) return userinfo(request, response);
  if (!pathname.startsWith(`${mount}/`)) return answer(response, 404, pages.problem({ error: 'no such page' }));
  request.originalUrl = request.url;
  if (request.method === 'POST' && pathname === `${mount}/session/end`) return farewell(request, response);
  request.url = request.url.slice(mount.length);
  return protocol(request, response);
}

const server = createServer((request, response) => {
  route(request, response).catch((error) => {
    const known = error.statusCode && error.statusCode < 500;
    if (!known) console.error(error.stack);
    if (response.headersSent) return response.destroy();
    const message = known ? 'This sign-in has ended. Start again from the application.' : 'internal error';
    return answer(response, known ? error.statusCode : 500, pages.problem({ error: message }));
  });
});

server.listen(Number(issuer.port), '127.0.0.1', () => console.log(`ready at ${settings.issuer}`));
for (const name of ['SIGTERM', 'SIGINT']) {
  process.on(name, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
