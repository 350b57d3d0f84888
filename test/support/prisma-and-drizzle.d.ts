// Minimal types for packages that are installed only in test/sql-drivers. A test there compiles the recipes with the
// real types.
declare module "@prisma/adapter-pg";
declare module "prisma/config";
declare module "drizzle-kit";
declare module "drizzle-orm";
declare module "drizzle-orm/pg-core";

declare module "*/generated/client.js" {
  export interface User {
    id: number;
    email: string;
    passwordHash: string;
  }
  export class PrismaClient {
    constructor(options: { adapter: unknown });
    user: {
      create(query: { data: Omit<User, "id"> }): Promise<User>;
      findUnique(query: { where: Partial<User> }): Promise<User | null>;
    };
    $queryRawUnsafe(sql: string, ...values: unknown[]): Promise<unknown>;
    $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>;
  }
}

declare module "drizzle-orm/node-postgres" {
  export interface NodePgDatabase {
    execute(query: unknown): Promise<unknown>;
  }
  // biome-ignore lint/suspicious/noExplicitAny: the real type of a query builder is too long
  export function drizzle(url: string): any;
}
