import { createClient } from "redis";

/** Resets the command statistics of a Redis server. */
export async function resetCommands(url: string): Promise<void> {
  await withClient(url, (client) => client.sendCommand(["CONFIG", "RESETSTAT"]));
}

/** Returns the number of calls per command since the reset, including commands that scripts ran. */
export async function commandsOf(url: string): Promise<Record<string, number>> {
  const info = await withClient(url, (client) => client.info("commandstats"));
  const lines = [...info.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)];
  const own = /^(client|config|info|hello|ping)/;
  return Object.fromEntries(
    lines
      .filter(([, name]) => !own.test(name!))
      .map(([, name, calls]) => [`Redis ${name!.toUpperCase()}`, Number(calls)]),
  );
}

const connect = (url: string) => createClient({ url });

async function withClient<T>(url: string, use: (client: ReturnType<typeof connect>) => Promise<T>): Promise<T> {
  const client = connect(url);
  await client.connect();
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}
