declare module "express4" {
  import express from "express";
  // biome-ignore lint/style/noDefaultExport: express has a default export
  export default express;
}
