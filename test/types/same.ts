/** Compiles only where both are the same type. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Asserts, to the compiler alone, that two types are the same. */
export function same<A, B>(_yes: Same<A, B>): void {}
