import { instanceToPlain, plainToInstance } from "class-transformer";
import type { UserMixin } from "latchkey";
import { Account, Employee, Member, source } from "./entities.js";
import { ByAccessors, ByDeclaredField, ByField, ByGetter, Grandchild } from "./overrides.js";

/** Returns `active authenticated anonymous id` of a user. */
function told(user: UserMixin): string {
  return [user.isActive, user.isAuthenticated, user.isAnonymous, user.getId()].join(" ");
}

const assigned = new ByAccessors();
assigned.isActive = false;
const disabled = Object.assign(new ByGetter(), { disabled: true });

await source.initialize();
const accounts = source.getRepository(Account);
const saved = await accounts.save(accounts.create({ email: "ann@example.com" }));
const inactive = await accounts.save(Object.assign(new Account(), { email: "bob@example.com", isActive: false }));
const [ann, bob] = await accounts.find({ order: { id: "ASC" } });
const facts = {
  getter: told(new ByGetter()),
  getterChanged: told(disabled),
  field: told(new ByField()),
  declaredField: [told(new ByDeclaredField(true)), told(new ByDeclaredField(false))],
  accessors: [told(new ByAccessors()), told(assigned)],
  grandchild: told(new Grandchild()),
  saved: [told(saved), told(inactive)],
  loaded: [told(ann!), told(bob!)],
  equal: [saved.equals(ann), saved.equals(bob)],
  json: JSON.stringify([ann, bob]),
  plain: instanceToPlain(bob),
  instance: told(plainToInstance(Account, { id: 9, email: "", isActive: false, isAnonymous: false })),
  changed: await accounts
    .save(Object.assign(bob!, { isActive: true }))
    .then(async () => told(await accounts.findOneByOrFail({ id: 2 }))),
  counted: [await accounts.countBy({ isActive: true }), await accounts.countBy({ isActive: false })],
};

const member = await Member.create({ isActive: false }).save();
const byDefault = await Member.create().save();
const found = await Member.findOneByOrFail({ isActive: false });
const employee = await Employee.create({ company: "acme", number: 7, leftAt: null }).save();
const left = await Employee.create({ company: "acme", number: 8, leftAt: new Date() }).save();
const [, former] = await Employee.find({ order: { number: "ASC" } });
const records = {
  member: told(found).replace(member.id, "<uuid>"),
  memberByDefault: told(byDefault).replace(byDefault.id, "<uuid>"),
  memberEquals: [member.equals(found), member.equals(employee), found.hasId()],
  memberJson: JSON.stringify(found).replace(member.id, "<uuid>"),
  employee: [told(employee), told(left), told(former!)],
};
process.stdout.write(JSON.stringify({ ...facts, ...records }));
