import { expect } from "chai";
import { LoginManager, OptionError } from "latchkey";
import { SECRET } from "./people.js";

/** Creates a manager with options that TypeScript would reject. */
export function make(options: object): LoginManager<never> {
  return new LoginManager<never>({ secret: SECRET, ...options } as never);
}

/** The message of the OptionError for this option. Throws if the options are accepted. */
export function refusal(option: string, options: object): string {
  try {
    make(options);
  } catch (error) {
    expect(error).to.be.instanceOf(OptionError).with.property("option", option);
    expect(error).to.include({ code: "invalid_option", status: 500, httpCode: 500, name: "OptionError" });
    const { message } = error as OptionError;
    expect(message.startsWith(`${option}: `), message).to.equal(true);
    return message;
  }
  throw new Error(`${option} was accepted`);
}

/** An options object with one value: `nested("a.b", 1)` is `{ a: { b: 1 } }`. */
export function nested(option: string, value: unknown): object {
  return option.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as object;
}
