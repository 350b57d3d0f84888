import { defineConfig } from "vitepress";
import { ORDER } from "../order.js";

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
    sidebar: ORDER,
    nav: [
      { text: "Get started", link: "/getting-started" },
      { text: "Recipes", link: "/recipes/login-form" },
      { text: "Reference", link: "/reference/latchkey" },
    ],
    outline: { level: [2, 3] },
    search: { provider: "local" },
    externalLinkIcon: false,
  },
});
