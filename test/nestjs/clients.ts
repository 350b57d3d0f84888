import type { Type } from "@nestjs/common";
import { apiClient, type Browser } from "../support/browser.js";
import { nestSite } from "./site.js";

/** Starts a site, and returns clients of nobody, Bob, and Ann, who is an admin. */
export async function clients(
  controllers: Type[],
  more: object = {},
): Promise<Record<"nobody" | "bob" | "ann", Browser>> {
  const { origin, factors } = await nestSite({ module: { controllers, ...more } });
  factors.clear();
  const [nobody, bob, ann] = [apiClient(origin), apiClient(origin), apiClient(origin)];
  await bob.post("/login/2", { json: {} });
  await ann.post("/login/1", { json: {} });
  return { nobody, bob, ann };
}

/** The statuses that nobody, Bob and Ann get. */
export async function statuses({ nobody, bob, ann }: Record<string, Browser>, path: string, method = "GET") {
  const answers = [nobody!, bob!, ann!].map((client) => client.send(method, path));
  return (await Promise.all(answers)).map(({ status }) => status).join(" ");
}
