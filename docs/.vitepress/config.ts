import { type DefaultTheme, defineConfig } from "vitepress";

const START = [
  { text: "What it is", link: "/" },
  { text: "Getting started", link: "/getting-started" },
  { text: "Concepts", link: "/concepts" },
];

const GUIDE = [
  { text: "Guards", link: "/guards" },
  { text: "routing-controllers", link: "/routing-controllers" },
  { text: "NestJS", link: "/nestjs" },
  { text: "Users", link: "/users" },
  { text: "Remembering", link: "/remembering" },
  { text: "A user's logins", link: "/logins" },
  { text: "Timeouts and freshness", link: "/timeouts-and-freshness" },
  { text: "Second factors", link: "/second-factors" },
  { text: "Events", link: "/events" },
  { text: "Errors", link: "/errors" },
  { text: "Testing", link: "/testing" },
];

const RECIPES = [
  { text: "A login form on plain Express", link: "/recipes/login-form" },
  { text: "A JSON API", link: "/recipes/json-api" },
  { text: "Bearer tokens", link: "/recipes/bearer-tokens" },
  { text: "WebSockets", link: "/recipes/websockets" },
  { text: "Users and sessions with Prisma", link: "/recipes/prisma" },
  { text: "Users and sessions with Drizzle", link: "/recipes/drizzle" },
  { text: "Authenticator apps", link: "/recipes/authenticator-app" },
  { text: "Passkeys", link: "/recipes/passkeys" },
  { text: "Do not ask again on this browser", link: "/recipes/trusted-browsers" },
  { text: "Mail about a new login", link: "/recipes/new-sign-in-mail" },
  { text: "OpenID Connect", link: "/recipes/openid-connect" },
  { text: "Passport checks credentials", link: "/recipes/passport" },
  { text: "Forged requests (CSRF)", link: "/recipes/csrf" },
  { text: "Limiting login attempts", link: "/recipes/rate-limiting" },
  { text: "Roles", link: "/recipes/roles" },
  { text: "Deny by default on Express", link: "/recipes/deny-by-default" },
  { text: "Several login pages", link: "/recipes/several-login-pages" },
  { text: "A login page on another host", link: "/recipes/login-page-elsewhere" },
  { text: "Several kinds of users", link: "/recipes/several-kinds-of-users" },
  { text: "Remember by default", link: "/recipes/remember-by-default" },
  { text: "Acting as another user", link: "/recipes/impersonation" },
  { text: "A forgotten password", link: "/recipes/password-reset" },
];

const OPERATION = [
  { text: "Choosing a store", link: "/choosing-a-store" },
  { text: "Deploying", link: "/deploying" },
  { text: "Upgrading", link: "/upgrading" },
  { text: "Operating", link: "/operating" },
  { text: "Monitoring", link: "/observing" },
  { text: "Moving sessions", link: "/moving" },
  { text: "Benchmarks", link: "/benchmarks" },
  { text: "Security model", link: "/security-model" },
  { text: "What latchkey changes", link: "/what-latchkey-changes" },
  { text: "Security requirements", link: "/security" },
  { text: "Threat model", link: "/threat-model" },
  { text: "Personal data", link: "/personal-data" },
  { text: "Versions", link: "/versions" },
  { text: "What a store keeps", link: "/records" },
  { text: "Writing a store", link: "/writing-a-store" },
  { text: "Architecture", link: "/architecture" },
];

const COMING_FROM = [
  { text: "From Passport", link: "/migrating-from-passport" },
  { text: "From Flask-Login", link: "/migrating-from-flask-login" },
];

const REFERENCE = [
  { text: "latchkey", link: "/reference/latchkey" },
  { text: "…/routing-controllers", link: "/reference/latchkey/routing-controllers" },
  { text: "…/nestjs", link: "/reference/latchkey/nestjs" },
  { text: "…/impersonation", link: "/reference/latchkey/impersonation" },
  { text: "…/testing", link: "/reference/latchkey/testing" },
  { text: "…/stores", link: "/reference/latchkey/stores" },
  { text: "…/stores/redis", link: "/reference/latchkey/stores/redis" },
  { text: "…/stores/sql", link: "/reference/latchkey/stores/sql" },
  { text: "…/stores/typeorm", link: "/reference/latchkey/stores/typeorm" },
  { text: "…/stores/express-session", link: "/reference/latchkey/stores/express-session" },
  { text: "…/stores/moving", link: "/reference/latchkey/stores/moving" },
];

const sidebar: DefaultTheme.Sidebar = [
  { text: "Start", items: START },
  { text: "Guide", items: GUIDE },
  { text: "Recipes", items: RECIPES },
  { text: "Operation", items: OPERATION },
  { text: "Moving here", items: COMING_FROM },
  { text: "Reference", items: REFERENCE },
];

const base = process.env.DOCS_BASE ?? "/";

// biome-ignore lint/style/noDefaultExport: VitePress reads nothing else
export default defineConfig({
  title: "latchkey",
  description: "Keeps track of who is logged in, for Express and routing-controllers",
  lang: "en-US",
  base,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `${base}icon.svg` }]],
  srcExclude: ["generated/**", "node_modules/**"],
  markdown: { theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" } },
  themeConfig: {
    sidebar,
    nav: [
      { text: "Guide", link: "/getting-started" },
      { text: "Recipes", link: "/recipes/login-form" },
      { text: "Reference", link: "/reference/latchkey" },
    ],
    outline: { level: [2, 3] },
    search: { provider: "local" },
    externalLinkIcon: false,
  },
});
