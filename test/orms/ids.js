/** Returns the id of a user whose key has two columns. */
const idWithTenant = (user) => `${user.tenant}:${user.id}`;

/** Returns a user class that extends `Base` and whose key has two columns. */
export const withTenant = (Base) =>
  class User extends Base {
    getId() {
      return idWithTenant(this);
    }
  };

/**
 * The kinds of ids that a users table can have. `key` has the columns of the key, `ids` two examples, `where` returns
 * the condition for an id, and `rowOf` adapts a plain row. As numbers, the two `bigint` ids would be equal.
 */
export const KINDS = [
  {
    name: "uuid",
    key: { id: "uuid" },
    ids: ["0b7d9a4e-51c6-4f0e-9a51-3c1d8a7e2f60", "0b7d9a4e-51c6-4f0e-9a51-3c1d8a7e2f61"],
    where: (id) => ({ id }),
  },
  {
    name: "bigint",
    key: { id: "bigint" },
    ids: ["9007199254740992", "9007199254740993"],
    where: (id) => ({ id: BigInt(id) }),
  },
  {
    name: "composite",
    key: { tenant: "text", id: "integer" },
    ids: ["north:1", "south:1"],
    where(id) {
      const [tenant, number] = id.split(":");
      return { tenant, id: Number(number) };
    },
    isComposite: true,
    rowOf: (row) => row && { ...row, getId: () => idWithTenant(row) },
  },
].map((kind) => ({ rowOf: (row) => row, table: `${kind.name}_users`, model: `${kind.name}User`, ...kind }));
