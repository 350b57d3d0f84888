import { expect } from "chai";
import mongoose from "mongoose";
import { openSite } from "./site.js";

// These tests need no server. They use documents as Mongoose and the driver create them from the data of a server.
const { Schema, Types } = mongoose;
const User = mongoose.model("User", new Schema({ name: String, isActive: Boolean }));

const WAYS = {
  "documents of mongoose": { load: (stored) => User.hydrate({ ...stored }) },
  "documents of the MongoDB driver": {
    load: (stored) => ({ ...stored }),
    options: { userId: (user) => user._id.toHexString() },
  },
};

for (const [name, { load, options }] of Object.entries(WAYS)) {
  describe(name, () => {
    const [ann, bob] = [new Types.ObjectId(), new Types.ObjectId()];
    let stored, site;
    beforeEach(async () => {
      stored = new Map([
        [ann.toHexString(), { _id: ann, name: "Ann", isActive: true }],
        [bob.toHexString(), { _id: bob, name: "Bob", isActive: false }],
      ]);
      const find = async (id) => stored.has(id) && load(stored.get(id));
      site = await openSite({ find }, options);
    });
    afterEach(() => site.close());

    it("log in with their ObjectId, are loaded on each request, and log out", async () => {
      const browser = site.browser();
      expect(await browser("POST", `/login/${ann}`)).to.eql([200, true]);
      expect(await browser("GET", "/me")).to.eql([200, "Ann"]);
      expect(await browser("POST", "/logout")).to.eql([200, { isAnonymous: true }]);
      expect(await browser("GET", "/me")).to.eql([401, undefined]);
    });

    it("cannot log in while they are inactive, and are logged out once they are deleted", async () => {
      expect(await site.browser()("POST", `/login/${bob}`)).to.eql([200, false]);
      const browser = site.browser();
      await browser("POST", `/login/${ann}`);
      stored.delete(ann.toHexString());
      expect(await browser("GET", "/me")).to.eql([401, undefined]);
    });
  });
}
