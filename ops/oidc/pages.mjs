// The few pages people see: plain HTML forms, readable on a phone and in the dark. None needs a
// script; the one there is sends a form that nobody has to look at.

import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; --ink: #1a2230; --paper: #f5f6f8; --card: #fff; --line: #8a94a6;
  --accent: #1d4fd8; --on-accent: #fff; --alarm: #b00020; --quiet: #55607a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf3; --paper: #11151c; --card: #1b212b;
  --line: #77839a; --accent: #8fb2ff; --on-accent: #0c1220; --alarm: #ff9aa8; --quiet: #a4afc4; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 24rem; background: var(--card); border-radius: .75rem;
  padding: 1.75rem; box-shadow: 0 1px 2px rgb(0 0 0 / .12), 0 8px 24px rgb(0 0 0 / .08); }
main::before { content: "AWGP"; display: block; margin-bottom: 1rem; font-weight: 700;
  letter-spacing: .08em; color: var(--accent); }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; line-height: 1.25; }
p { margin: .25rem 0 1rem; }
h1 + p, small { color: var(--quiet); }
label { display: block; margin-top: 1rem; font-weight: 600; }
input { width: 100%; margin-top: .25rem; padding: .65rem; font: inherit; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: .4rem; }
button { width: 100%; margin-top: 1.5rem; padding: .75rem; font: inherit; font-weight: 600;
  color: var(--on-accent); background: var(--accent); border: 0; border-radius: .4rem;
  cursor: pointer; min-height: 2.75rem; }
button:hover { filter: brightness(1.08); }
input { min-height: 2.75rem; }
button.quiet { margin-top: .75rem; color: inherit; background: transparent;
  border: 1px solid var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alarm { color: var(--alarm); font-weight: 600; }
small { display: block; margin-top: 1.25rem; }
code { overflow-wrap: anywhere; }
`;

const SEND_AT_ONCE = 'document.forms[0].submit()';
const hashOf = (content) => createHash('sha256').update(content).digest('base64');

// A form's answer is a redirect to the application, which browsers count as part of the submission.
export const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    `default-src 'none'; style-src 'sha256-${hashOf(STYLE)}'; script-src 'sha256-${hashOf(SEND_AT_ONCE)}'; base-uri 'none'; frame-ancestors 'none'; `
    + "form-action 'self' http://127.0.0.1:* http://localhost:*",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
export const escape = (text) => String(text).replace(/[&<>"']/g, (found) => ESCAPES[found]);

function page(title, body) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} - AWGP</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

export function signIn({ username = '', failed = false, again = false }) {
  const why = again
    ? '<p>What you are about to do asks who you are once more.</p>'
    : '<p>to AWGP, on this machine</p>';
  const problem = failed
    ? '<p class="alarm" role="alert" id="problem">That name and password do not match.</p>'
    : '';
  const described = failed ? ' aria-describedby="problem" aria-invalid="true"' : '';
  return page(failed ? 'Sign in failed' : 'Sign in', `<h1>Sign in</h1>
${why}
${problem}
<form method="post">
<label for="username">Name</label>
<input id="username" name="username" value="${escape(username)}" autocomplete="username"
  autocapitalize="none" spellcheck="false" required${focus(username === '')}${described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password"
  required${focus(username !== '')}${described}>
<button type="submit">Sign in</button>
</form>
<small>A development identity provider. The demo people's passwords lie in the data folder, as
<code>secrets/person-NAME</code>.</small>`);
}

// Where one types first: people come here to do nothing else.
const focus = (here) => (here ? ' autofocus' : '');

export function signOut(form) {
  // `form` is the provider's own, with its cross-site token; the buttons belong to it by its id.
  return page('Sign out', `<h1>Sign out?</h1>
${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>
<button type="submit" form="op.logoutForm" class="quiet">Stay signed in</button>`);
}

export function signingOut(form) {
  return page('Signing out', `<h1>Signing out</h1>
${form}
<input type="hidden" form="op.logoutForm" name="logout" value="yes">
<button type="submit" form="op.logoutForm">Go on</button>
<script>${SEND_AT_ONCE}</script>`);
}

export function signingOutAgain(fields) {
  const inputs = [...fields]
    .map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`)
    .join('');
  return page('Signing out', `<h1>Signing out</h1>
<form method="post">${inputs}<button type="submit">Go on</button></form>
<script>${SEND_AT_ONCE}</script>`);
}

export function signedOut() {
  return page('Signed out', '<h1>Signed out</h1>\n<p>You can close this page.</p>');
}

export function problem(details) {
  const lines = Object.entries(details)
    .map(([name, value]) => `<p><strong>${escape(name)}</strong>: ${escape(value)}</p>`)
    .join('\n');
  return page('Sign-in problem', `<h1>That did not work</h1>\n${lines}`);
}
