/** URLs that must never be followed, grouped by their source. */
export const UNSAFE_URLS = {
  "URLs that a browser may read in an unexpected way": [
    ...["//evil.com", "///evil.com", "////evil.com", "/\\evil.com", "\\/evil.com", "\\\\evil.com", "/\\/evil.com"],
    ...[
      "/\t/evil.com",
      "/\n/evil.com",
      "/\r/evil.com",
      " //evil.com",
      "\0//evil.com",
      "\b//evil.com",
      "\u00a0//evil.com",
    ],
    ...[
      "http://evil.com",
      "https:evil.com",
      "http:evil.com",
      "https:/evil.com",
      "https:///evil.com",
      "http:\\evil.com",
    ],
    ...["ht\ntps://evil.com", "http:999999999", "//2130706433", "//[::1]", "http://[::1", "https://app@evil.com"],
    ...["https://app.evil.com", "https://evil.com#@app", "https://evil.com\\@app", "javascript:alert(1)"],
    ...["data:text/html,x", "blob:https://app/1", "file:///x", "//evil\u3002com", "/%2fevil.com", "%2F%2Fevil.com"],
    ...["/%5cevil.com", "/ok\r\nSet-Cookie:a=b", "/a\u2028b", "/a\ufeff", "/a\u007f", "/a b"],
  ],
  "paths that lead to another host after normalization": [
    ...["/.//evil.com", "/..//evil.com", "/%2e//evil.com", "/%2e%2e//evil.com", "/./\\evil.com", "/a/..//evil.com"],
    ...["/a/../%2fevil.com", "/.\t//evil.com", "/a/%2e%2e/%5cevil.com"],
  ],
  "URLs that Django's url_has_allowed_host_and_scheme rejects": [
    ...["http://example.com", "http:///example.com", "https://example.com", "ftp://example.com", "\\\\example.com"],
    ...["\\\\\\example.com", "/\\\\/example.com", "\\\\//example.com", "/\\/example.com", "\\/example.com"],
    ...["/\\example.com", "http:/\\//example.com", "http:\\/example.com", "http:/\\example.com"],
    ...['javascript:alert("XSS")', "\njavascript:alert(x)", "java\nscript:alert(x)", "\x08//example.com"],
    ...[
      "http://otherserver\\@example.com",
      "http:\\\\testserver\\@example.com",
      "http://testserver\\me:pass@example.com",
    ],
    ...["http://testserver\\@example.com", "http:\\\\testserver\\confirm\\me@example.com", "http:999999999"],
    ...["ftp:9999999999", "\n", "http://[2001:cdba:0000:0000:0000:0000:3257:9652/"],
    ...["http://2001:cdba:0000:0000:0000:0000:3257:9652]/", "http://user:pass@testserver/"],
  ],
  "URLs that Django accepts but latchkey does not, because latchkey does not know its own host": [
    ...["view/?param=//example.com", "https://testserver/", "HTTPS://testserver/", "//testserver/"],
    ...["http://testserver/confirm?email=me@example.com", "path/http:2222222222"],
  ],
  "URLs that caused problems in Flask-Security, Flask-User and OpenCVE": [
    ...["\\\\\\github.com", "/\\github.com", "\\/github.com", "//github.com/", "\t//github.com", "////example.com"],
  ],
};
