import { expect } from "chai";
import { MemoryStore } from "latchkey";
import sinon from "sinon";
import type { RawAnswer } from "../support/raw-client.js";
import { GRACE, rememberingSites } from "../support/remembered.js";
import { Tabs } from "../support/tabs.js";
import { trials } from "../support/trials.js";

const BURSTS = trials(10_000, 20);
const ROUNDS = trials(1000, 20);
const USER_AGENT = { "user-agent": "the browser's" };

const from = (address: string) => ({ ...USER_AGENT, "x-forwarded-for": address });
const below = (limit: number) => Math.floor(Math.random() * limit);
const anyAddress = () =>
  Math.random() < 0.5 ? `198.51.${below(256)}.${below(256)}` : `2001:db8::${(1 + below(65_535)).toString(16)}`;
const statuses = (answers: readonly RawAnswer[]) => [...new Set(answers.map(({ status }) => status))];

describe("a remembered browser with many tabs", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** Reopens a browser `count` times without its session cookie, and calls `visit` each time. Expects no alarm. */
  async function rounds(count: number, visit: (tabs: Tabs) => Promise<void>) {
    const at = await rememberingSites({ store: new MemoryStore() });
    const ann = at.newPerson();
    const tabs = new Tabs(at.origin, await at.logIn(ann, { remember: true, duration: "400d" }, from("192.0.2.1")));
    for (let round = 0; round < count; round++) {
      clock.tick(GRACE + 1);
      tabs.reopen();
      at.store.calls = [];
      const before = tabs.jar.remember;
      await visit(tabs);
      expect(at.told, `round ${round}`).to.eql([]);
      expect(tabs.jar.remember, "a new cookie").to.be.a("string").that.is.not.equal(before);
      expect((await at.recordsOf(ann)).length).to.equal(1);
    }
    expect(at.revoked).to.eql([]);
  }

  it(`opens 50 tabs at once, ${BURSTS} times: all are logged in, 0 alarms`, async () => {
    await rounds(BURSTS, async (tabs) => {
      expect(statuses(await tabs.askAtOnce(50))).to.eql([200]);
      expect(tabs.jar.sid, "one session for all tabs").to.be.a("string");
    });
  });

  it(`repeats requests whose responses are lost, ${ROUNDS} times: all are logged in, 0 alarms`, async () => {
    let lost = 0;
    await rounds(ROUNDS, async (tabs) => {
      let waiting = 1 + below(10);
      for (let left = GRACE; waiting > 0; ) {
        const isLost = Array.from({ length: waiting }, () => Math.random() < 0.3);
        expect(statuses(await tabs.askAtOnce(waiting, (tab) => ({ isLost: isLost[tab]! })))).to.eql([200]);
        waiting = isLost.filter(Boolean).length;
        lost += waiting;
        const wait = below(left / 2);
        clock.tick(wait);
        left -= wait;
      }
    });
    expect(lost).to.be.above(ROUNDS / 2);
  });

  it(`uses an IPv4 and an IPv6 address at once, ${ROUNDS} times: all are logged in, 0 alarms`, async () => {
    await rounds(ROUNDS, async (tabs) => {
      const addresses = ["198.51.100.7", "2001:db8::7"].sort(() => Math.random() - 0.5);
      const headers = (tab: number) => ({ headers: from(addresses[tab % 2]!) });
      expect(statuses(await tabs.askAtOnce(10, headers))).to.eql([200]);
      for (const later of [0, 1000, GRACE, GRACE]) {
        clock.tick(later);
        expect(statuses(await tabs.askAtOnce(4, headers)), `${later} ms later`).to.eql([200]);
      }
    });
  });

  it(`has another address at each restore and in between, ${ROUNDS} times: all are logged in, 0 alarms`, async () => {
    await rounds(ROUNDS, async (tabs) => {
      const address = anyAddress();
      expect(statuses(await tabs.askAtOnce(5, () => ({ headers: from(address) })))).to.eql([200]);
      for (const later of [0, GRACE, GRACE]) {
        clock.tick(later);
        expect((await tabs.ask({ headers: from(anyAddress()) })).status, `${later} ms later`).to.equal(200);
      }
    });
  });
});
