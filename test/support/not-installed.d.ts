// Packages that pages mention and that are not installed here. Their code runs elsewhere: ioredis in test/drivers.
declare module "vitest";
declare module "@jest/globals";
declare module "ioredis";
