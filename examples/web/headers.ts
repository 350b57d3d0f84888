import helmet from "helmet";

/** What browsers may do with our pages: nothing inline, nothing from elsewhere, no frame around them. */
export const securityHeaders = helmet({
  contentSecurityPolicy: {
    // helmet's defaults allow inline styles, and hold upgrade-insecure-requests, which breaks a site on plain HTTP.
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
  // With helmet's own "no-referrer" a browser sends "Origin: null" with our own forms.
  referrerPolicy: { policy: "same-origin" },
});
