import type { LoginInfo } from "latchkey";

/** The form to log in or sign up. After a problem, it keeps the e-mail. */
export function logInPage(next: string, email = "", problem = ""): string {
  const form = `<form method="post" action="/login">
    <p role="alert">${safe(problem)}</p>
    <input name="next" type="hidden" value="${safe(next)}">
    <p><label>E-mail <input name="email" type="email" autocomplete="username" value="${safe(email)}" required></label></p>
    <p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
    <p><label><input name="remember" type="checkbox"> Stay logged in for 30 days</label></p>
    <button>Log in</button> <button formaction="/signup">Sign up</button>
  </form>`;
  return page("Log in or sign up", form);
}

export function homePage(email: string, logins: LoginInfo[]): string {
  const devices = logins.map(({ userAgent, address, current }) => {
    return `<li>${safe(`${userAgent} at ${address}`)}${current ? " (this device)" : ""}</li>`;
  });
  const body = `<p>You are logged in on these devices:</p><ul>${devices.join("")}</ul>
    <form method="post" action="/log-out-others"><button>Log out everywhere else</button></form>
    <form method="post" action="/logout"><button>Log out</button></form>`;
  return page(`Hello, ${email}`, body);
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
  <title>${safe(title)}</title><main><h1>${safe(title)}</h1>${body}</main></html>`;
}

function safe(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
