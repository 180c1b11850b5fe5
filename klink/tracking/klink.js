/* klink: tells where a visitor came from when they buy, sign up, ...
 *
 *   <script async src="https://YOUR-KLINK/_klink.js" data-workspace="PUBLIC ID"></script>
 *   klink("purchase", {revenue: 99.99, currency: "EUR", name: "Order 42", metadata: {...}})
 *
 * A klink link adds `klid` to the address of the page it leads to. It is kept here, on your
 * site, for 30 days; nothing else is, and nobody else can read it. With Global Privacy Control
 * or Do Not Track nothing is kept and nothing sent.
 */
(function () {
  "use strict";

  var KEY = "klink_klid", DAYS = 30, DAY_MS = 864e5;
  var SHAPE = /^v_[0-9A-Za-z]{16}$/;
  var tag = document.currentScript || document.querySelector('script[src*="/_klink.js"]');
  var server = new URL("/_e", tag.src).href;
  var workspace = tag.getAttribute("data-workspace");

  function wantsPrivacy() {
    return navigator.globalPrivacyControl || (navigator.doNotTrack || window.doNotTrack) === "1";
  }

  /* Browsers may refuse storage and cookies; a page must not break for it. */
  function attempt(what) {
    try {
      return what();
    } catch (refused) { /* undefined */ }
  }

  /* The cookie stands in where storage is refused; '' removes it. */
  function setCookie(value) {
    document.cookie = KEY + "=" + value + ";path=/;samesite=lax;max-age=" +
      (value ? DAYS * 86400 : 0) + (location.protocol === "https:" ? ";secure" : "");
  }

  function cookie() {
    var found = document.cookie.match("(?:^|; )" + KEY + "=([^;]*)");
    return found && found[1];
  }

  function keep(klid) {
    var value = klid + "." + Date.now();
    var isStored = attempt(function () { localStorage.setItem(KEY, value); return true; });
    if (!isStored) attempt(function () { setCookie(value); });
  }

  function forget() {
    attempt(function () { localStorage.removeItem(KEY); });
    attempt(function () { if (cookie()) setCookie(""); });
  }

  /* The visitor's id, as long as it is not older than it may be; else nothing. */
  function kept() {
    var value = attempt(function () { return localStorage.getItem(KEY); }) || attempt(cookie) || "";
    var parts = value.split(".");
    if (SHAPE.test(parts[0]) && Date.now() - parts[1] < DAYS * DAY_MS) return parts[0];
    if (value) forget();
  }

  /* Neither waits for the answer nor is lost when the page is left. Plain text and no
     credentials, so that browsers ask no permission first and send no cookies. */
  function send(body) {
    if (window.fetch && "keepalive" in Request.prototype) {
      fetch(server, {
        method: "POST", body: body, keepalive: true,
        credentials: "omit", referrerPolicy: "no-referrer"
      }).catch(function () {});
    } else if (navigator.sendBeacon) {
      navigator.sendBeacon(server, body);
    }
  }

  function klink(name, about) {
    var klid = !wantsPrivacy() && (arrived || kept());
    if (!klid) return;
    if (!workspace) return console.warn("klink: its script tag lacks data-workspace");
    about = about || {};
    var revenue = about.revenue;
    if (typeof revenue === "number") revenue = Math.round(revenue * 1e4) / 1e4; // 0.1 + 0.2
    try {
      send(JSON.stringify({
        workspace: workspace, visitor_id: klid, event_name: name,
        revenue: revenue, currency: about.currency, name: about.name, metadata: about.metadata
      }));
    } catch (error) {
      console.warn("klink: " + error);
    }
  }

  var arrived = new URLSearchParams(location.search).get("klid");
  if (!SHAPE.test(arrived)) arrived = null;
  if (wantsPrivacy()) forget();
  else if (arrived) keep(arrived);

  /* What was called before this script was there; see "queue" in klink's documentation. */
  var waiting = (window.klink && window.klink.q) || [];
  window.klink = klink;
  for (var i = 0; i < waiting.length; i++) klink.apply(null, waiting[i]);
})();
