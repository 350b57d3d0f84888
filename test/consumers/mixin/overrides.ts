import { UserMixin } from "latchkey";

/** Overrides with getters and a method. */
export class ByGetter extends UserMixin {
  id = 1;
  disabled = false;
  override get isActive() {
    return !this.disabled;
  }
  override get isAuthenticated() {
    return this.isActive && this.id < 2;
  }
  override get isAnonymous() {
    return this.disabled;
  }
  override getId() {
    return `getter:${this.id}`;
  }
}

/** Overrides with fields. */
export class ByField extends UserMixin {
  override isActive = false;
  override isAuthenticated = true;
  override isAnonymous = true;
  override getId = () => "field";
}

/** Overrides with a field without an initial value. `useDefineForClassFields` decides whether the field exists. */
export class ByDeclaredField extends UserMixin {
  id = 7;
  override isActive: boolean;
  constructor(isActive: boolean) {
    super();
    this.isActive = isActive;
  }
}

/** Overrides with a getter and a setter. */
export class ByAccessors extends UserMixin {
  id = 8;
  #active = 1;
  override get isActive(): boolean {
    return this.#active === 1;
  }
  override set isActive(value: boolean) {
    this.#active = value ? 1 : 0;
  }
}

/** Overrides members that its base class overrides. */
export class Grandchild extends ByGetter {
  override disabled = true;
  override getId() {
    return `grandchild of ${super.getId()}`;
  }
}
