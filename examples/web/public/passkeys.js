// The buttons that use a passkey. They stay hidden where the browser has no passkeys.
import { browserSupportsWebAuthn, startAuthentication, startRegistration } from "/simplewebauthn/index.js";

for (const button of document.querySelectorAll("button[data-passkey]")) {
  if (!browserSupportsWebAuthn()) break;
  button.closest("[hidden]").hidden = false;
  button.addEventListener("click", () => void usePasskey(button));
}

async function usePasskey(button) {
  const problem = document.querySelector("#passkey-problem");
  problem.textContent = "";
  button.disabled = true;
  try {
    const { passkey: url, ceremony } = button.dataset;
    const start = ceremony === "register" ? startRegistration : startAuthentication;
    const response = await start({ optionsJSON: await send(`${url}/options`) });
    const { next, remember, trust } = Object.fromEntries(button.form ? new FormData(button.form) : []);
    const answer = await send(url, { response, next, remember, trust });
    location.assign(answer.next);
  } catch (error) {
    // A user who closes the browser's dialog gets a NotAllowedError. So does a user without a passkey.
    problem.textContent = error.name === "NotAllowedError" ? "No passkey was used. You can try again." : error.message;
    button.disabled = false;
  }
}

async function send(url, data = {}) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(data),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail);
  return body;
}
