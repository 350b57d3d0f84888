import { UserMixin } from "latchkey";

/** A user of the tests. */
export class Person extends UserMixin {
  roles: string[] = [];
  /** Changes when every old login must end. */
  stamp = "1";
  override isActive = true;

  constructor(
    readonly id: string,
    readonly name: string,
  ) {
    super();
  }

  getSessionStamp(): string {
    return this.stamp;
  }
}

/** Fresh users for a test: ann (an admin), bob, and cid, who is not active. */
export function people() {
  const ann = Object.assign(new Person("1", "Ann"), { roles: ["admin"] });
  const bob = new Person("2", "Bob");
  const cid = Object.assign(new Person("3", "Cid"), { isActive: false });
  const byId = new Map([ann, bob, cid].map((person) => [person.id, person]));
  return { ann, bob, cid, byId, load: (id: string) => byId.get(id) };
}

/** A secret that is long enough. */
export const SECRET = "a secret for tests, 32 characters or more";
