import type { Request } from "express";
import { AnonymousUser, type LoginManager, type UserMixin } from "latchkey";
import { same } from "./same.js";

interface Customer {
  id: string;
  orders: number;
}
interface Employee {
  id: string;
  badge: string;
}
declare const customers: LoginManager<Customer>;
declare const staff: LoginManager<Employee>;
declare const req: Request;
declare const customer: Customer;

same<ReturnType<typeof customers.currentUser>, Promise<Customer | AnonymousUser>>(true);
same<ReturnType<typeof staff.pendingUser>, Promise<Employee | null>>(true);
void customers.loginUser(req, customer, { remember: true });
// @ts-expect-error A customer is no employee.
void staff.loginUser(req, customer);
void customers.confirmLogin(req, { user: customer });
// @ts-expect-error A customer is no employee.
void staff.confirmLogin(req, { user: customer });

// The type of the current user can be narrowed, as docs/users.md says.
interface Account extends UserMixin {
  email: string;
}
declare const account: Account | AnonymousUser;
same<typeof account.isAnonymous, boolean>(true);
void (account.isAnonymous || account.email);
void (account.isAuthenticated && account.email);
declare const row: Awaited<ReturnType<typeof customers.currentUser>>;
// @ts-expect-error A plain row has no isAnonymous.
void row.isAnonymous;
void (row instanceof AnonymousUser || row.orders);
