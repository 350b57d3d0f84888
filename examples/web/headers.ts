import helmet from "helmet";

/** The browser allows no inline code, no content of other sites, and no frames around our pages. */
export const securityHeaders = helmet({
  contentSecurityPolicy: {
    // helmet's defaults allow inline styles. They also contain upgrade-insecure-requests, which breaks a plain HTTP
    // site.
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["data:"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  xFrameOptions: { action: "deny" },
  // With helmet's default "no-referrer", browsers send "Origin: null" with our own forms. Over plain HTTP, they send
  // nothing else that sameOriginRequired() could check.
  referrerPolicy: { policy: "same-origin" },
});
