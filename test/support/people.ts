import { UserMixin } from "latchkey";

/** A user in the tests. */
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

/** New users for a test: ann, who is an admin, bob, and cid, who is not active. */
export function people() {
  const ann = Object.assign(new Person("1", "Ann"), { roles: ["admin"] });
  const bob = new Person("2", "Bob");
  const cid = Object.assign(new Person("3", "Cid"), { isActive: false });
  const byId = new Map([ann, bob, cid].map((person) => [person.id, person]));
  return { ann, bob, cid, byId, load: (id: string) => byId.get(id) };
}

/** Adds users with the ids 4 to 1999. */
export function addCrowd(byId: Map<string, Person>): void {
  for (let n = 4; n < 2000; n++) byId.set(String(n), new Person(String(n), `User ${n}`));
}

/** A secret that is long enough. */
export const SECRET = "a secret for tests, 32 characters or more";
