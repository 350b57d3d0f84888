/** @typedef {{ text: string, link: string }} Page */
/** @typedef {{ text: string, items: (Page | Part)[] }} Part */

/** @type {Part[]} The pages of the site, in the order in which they are read. */
export const ORDER = [
  {
    text: "Get started",
    items: [
      { text: "What it is", link: "/" },
      { text: "Getting started", link: "/getting-started" },
      { text: "Concepts", link: "/concepts" },
    ],
  },
  {
    text: "Guides",
    items: [
      { text: "Sessions", link: "/sessions" },
      { text: "Users", link: "/users" },
      { text: "Guards", link: "/guards" },
      { text: "Remembering", link: "/remembering" },
      { text: "A user's logins", link: "/logins" },
      { text: "Timeouts and freshness", link: "/timeouts-and-freshness" },
      { text: "Second factors", link: "/second-factors" },
      { text: "Logins bound to a device", link: "/device-bound" },
      { text: "Choosing a store", link: "/choosing-a-store" },
      { text: "Testing", link: "/testing" },
      { text: "Deploying", link: "/deploying" },
      { text: "Upgrading", link: "/upgrading" },
      { text: "Operating", link: "/operating" },
      { text: "Monitoring", link: "/observing" },
      { text: "Troubleshooting", link: "/troubleshooting" },
    ],
  },
  {
    text: "Frameworks",
    items: [
      { text: "Which are supported", link: "/frameworks" },
      { text: "Express", link: "/express" },
      { text: "routing-controllers", link: "/routing-controllers" },
      { text: "NestJS", link: "/nestjs" },
    ],
  },
  {
    text: "Recipes",
    items: [
      {
        text: "Ways to log in",
        items: [
          { text: "A login form on plain Express", link: "/recipes/login-form" },
          { text: "From sign-up to a new password", link: "/recipes/sign-up" },
          { text: "Which passwords to accept", link: "/recipes/passwords" },
          { text: "A link instead of a password", link: "/recipes/magic-link" },
          { text: "Log in with Google and others", link: "/recipes/social-login" },
          { text: "OpenID Connect", link: "/recipes/openid-connect" },
          { text: "Passport checks credentials", link: "/recipes/passport" },
          { text: "A login page on another host", link: "/recipes/login-page-elsewhere" },
          { text: "Several login pages", link: "/recipes/several-login-pages" },
          { text: "Remember by default", link: "/recipes/remember-by-default" },
        ],
      },
      {
        text: "More than a password",
        items: [
          { text: "Authenticator apps", link: "/recipes/authenticator-app" },
          { text: "Passkeys", link: "/recipes/passkeys" },
          { text: "Do not ask again on this browser", link: "/recipes/trusted-browsers" },
          { text: "A page with the user's logins", link: "/recipes/logins-page" },
          { text: "Mail about a new login", link: "/recipes/new-sign-in-mail" },
        ],
      },
      {
        text: "APIs and sockets",
        items: [
          { text: "A JSON API", link: "/recipes/json-api" },
          { text: "An app and its API on two subdomains", link: "/recipes/app-and-api" },
          { text: "Bearer tokens", link: "/recipes/bearer-tokens" },
          { text: "WebSockets", link: "/recipes/websockets" },
        ],
      },
      {
        text: "Databases",
        items: [
          { text: "Users and sessions with Prisma", link: "/recipes/prisma" },
          { text: "Users and sessions with Drizzle", link: "/recipes/drizzle" },
          { text: "Sessions in Redis with ioredis", link: "/recipes/ioredis" },
        ],
      },
      {
        text: "Who may do what",
        items: [
          { text: "Roles", link: "/recipes/roles" },
          { text: "Deny by default on Express", link: "/recipes/deny-by-default" },
          { text: "Several kinds of users", link: "/recipes/several-kinds-of-users" },
          { text: "Acting as another user", link: "/recipes/impersonation" },
          { text: "Forged requests (CSRF)", link: "/recipes/csrf" },
          { text: "Limiting login attempts", link: "/recipes/rate-limiting" },
        ],
      },
      {
        text: "Code and servers",
        items: [
          { text: "The login manager in its own module", link: "/recipes/own-module" },
          { text: "The current user in callbacks", link: "/recipes/callbacks" },
          { text: "Serverless functions", link: "/recipes/serverless" },
        ],
      },
    ],
  },
  {
    text: "Migrating",
    items: [
      { text: "From express-session", link: "/migrating-from-express-session" },
      { text: "From Passport", link: "/migrating-from-passport" },
      { text: "From Flask-Login", link: "/migrating-from-flask-login" },
      { text: "From Lucia", link: "/migrating-from-lucia" },
      { text: "From better-auth", link: "/migrating-from-better-auth" },
      { text: "From Auth.js", link: "/migrating-from-authjs" },
      { text: "Moving sessions", link: "/moving" },
    ],
  },
  {
    text: "Reference",
    items: [
      { text: "latchkey", link: "/reference/latchkey" },
      { text: "…/routing-controllers", link: "/reference/latchkey/routing-controllers" },
      { text: "…/nestjs", link: "/reference/latchkey/nestjs" },
      { text: "…/impersonation", link: "/reference/latchkey/impersonation" },
      { text: "…/external-logins", link: "/reference/latchkey/external-logins" },
      { text: "…/known-browsers", link: "/reference/latchkey/known-browsers" },
      { text: "…/session-imports", link: "/reference/latchkey/session-imports" },
      { text: "…/device-bound", link: "/reference/latchkey/device-bound" },
      { text: "…/testing", link: "/reference/latchkey/testing" },
      { text: "…/stores", link: "/reference/latchkey/stores" },
      { text: "…/stores/redis", link: "/reference/latchkey/stores/redis" },
      { text: "…/stores/sql", link: "/reference/latchkey/stores/sql" },
      { text: "…/stores/typeorm", link: "/reference/latchkey/stores/typeorm" },
      { text: "…/stores/express-session", link: "/reference/latchkey/stores/express-session" },
      { text: "…/stores/moving", link: "/reference/latchkey/stores/moving" },
      { text: "Options", link: "/options" },
      { text: "Events", link: "/events" },
      { text: "Errors", link: "/errors" },
      { text: "What a store keeps", link: "/records" },
      { text: "Writing a store", link: "/writing-a-store" },
      { text: "What latchkey changes", link: "/what-latchkey-changes" },
      { text: "Versions", link: "/versions" },
      { text: "Architecture", link: "/architecture" },
    ],
  },
  {
    text: "Security",
    items: [
      { text: "Status", link: "/status" },
      { text: "Security model", link: "/security-model" },
      { text: "Threat model", link: "/threat-model" },
      { text: "Security requirements", link: "/security" },
      { text: "Personal data", link: "/personal-data" },
    ],
  },
  { text: "Benchmarks", items: [{ text: "Benchmarks", link: "/benchmarks" }] },
];
