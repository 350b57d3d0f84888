export { LoginManager } from "latchkey";
