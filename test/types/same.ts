/** True if both types are the same. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only if two types are the same. Does nothing at run time. */
export function same<A, B>(_yes: Same<A, B>): void {}
