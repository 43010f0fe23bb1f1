// Tributary on the merchant's pages: fills the visitor's click token into
// forms, and tells of landings on addresses such as /?via=jane.
//
// <script src="https://go.your-shop.com/t.js" async></script>
//
// Before it has loaded, calls may wait in a queue:
// window.tributary = window.tributary || function () { (tributary.q = tributary.q || []).push(arguments) }
// tributary('consent', true); tributary('token', function (t) { … })
//
// It keeps nothing in the browser. What outlives the page is the link host's
// cookie, which scripts cannot read: a page that needs the token asks that
// host. So whoever clears the cookie after a sign-up has cleared everything,
// and the next person at the browser is nobody's referral.
(function (w, d) {
  // The server writes the program's settings here.
  var mode = '$MODE', name = '$VIA';
  var field = 'input[name=tributary_token]';
  var base = new URL((d.currentScript || {}).src || w.location).origin;
  var old = w.tributary, token = '', coupon = '', via = '', page = w.location.href, waiting = [];
  // agreed: cookies may be used; busy: the link host is being asked; known: it
  // has said all that it will.
  var agreed = mode == 'full', busy, known;

  function fill() {
    if (token) d.querySelectorAll(field).forEach(function (i) { i.value = token; });
  }

  function prefill() {
    fill();
    if (coupon) d.querySelectorAll('input[data-tributary-coupon]').forEach(function (i) { i.value = i.value || coupon; });
  }

  // Answers those who wait for the token. Without an address that brings one,
  // and without a cookie that may be used, there is nothing to ask for.
  function look() {
    if (busy) return;
    if (known || !via && !agreed) return waiting.splice(0).forEach(function (f) { f(token); });
    var asked = agreed;
    busy = true;
    fetch(base + '/visit', {
      method: 'POST',
      credentials: asked ? 'include' : 'omit',
      body: JSON.stringify(via ? { via: via, page: page, from: d.referrer, consent: asked } : {})
    }).then(function (r) { return r.ok ? r.json() : {}; }).then(function (a) {
      if (!a.token) return;
      token = a.token;
      coupon = a.coupon;
      if (via) via = token;
      prefill();
    }).catch(function () {}).then(function () {
      busy = false;
      // Consent that came meanwhile is told, too.
      known = asked == agreed;
      look();
    });
  }

  // Only pages with something to tell or to fill in make a request.
  function start() {
    if (via || d.querySelector(field)) look();
  }

  // tributary('token', callback): called when the link host has answered.
  // tributary('consent', true): from now on its cookie may be used.
  function api(what, value) {
    if (what == 'token') { waiting.push(value); look(); }
    if (what == 'consent') api.consent(value);
  }
  api.token = function () { return token; };
  api.consent = function (yes) {
    // Global Privacy Control is a refusal.
    if (yes !== true || mode != 'consent' || agreed || w.navigator.globalPrivacyControl) return;
    agreed = true;
    known = false;
    start();
  };

  var url = new URL(page), value = url.searchParams.get(name);
  if (value) {
    via = value;
    // The server tells a proven token from a forged one.
    if (/^[\w-]{66}$/.test(value)) token = value;
    url.searchParams.delete(name);
    w.history.replaceState(w.history.state, '', url);
  }
  w.tributary = api;
  (old && old.q || []).forEach(function (c) { api.apply(null, c); });
  function ready() { prefill(); start(); }
  if (d.readyState == 'loading') d.addEventListener('DOMContentLoaded', ready);
  else ready();
  d.addEventListener('submit', fill, true);
  if (via) look();
})(window, document);
