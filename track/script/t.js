// Tributary on the merchant's pages: keeps the visitor's click token, fills it
// into forms, and tells of landings on addresses such as /?via=jane.
//
// <script src="https://go.your-shop.com/t.js" async></script>
//
// Before it has loaded, calls may wait in a queue:
// window.tributary = window.tributary || function () { (tributary.q = tributary.q || []).push(arguments) }
// tributary('consent', true); tributary('token', function (t) { … })
(function (w, d) {
  // The server writes the program's settings here.
  var mode = '$MODE', name = '$VIA';
  var key = 'tributary_token';
  var base = new URL((d.currentScript || {}).src || w.location).origin;
  var old = w.tributary, token = '', via = '', page = w.location.href, waiting = [];
  var agreed = mode == 'full';

  function stored(value) {
    // Private windows may refuse storage.
    try {
      if (!value) return w.localStorage.getItem(key) || '';
      w.localStorage.setItem(key, value);
    } catch (e) {}
    return '';
  }

  function fill() {
    d.querySelectorAll('input[name=' + key + ']').forEach(function (i) { if (token) i.value = token; });
  }

  function keep(value) {
    token = value;
    if (agreed) stored(value);
    fill();
  }

  function tell() {
    if (!via) return done();
    fetch(base + '/visit', {
      method: 'POST',
      credentials: agreed ? 'include' : 'omit',
      body: JSON.stringify({ via: via, page: page, from: d.referrer, consent: agreed })
    }).then(function (r) { return r.ok ? r.json() : {}; }).then(function (a) {
      if (!a.token) return;
      keep(via = a.token);
      if (a.coupon) d.querySelectorAll('input[data-tributary-coupon]').forEach(function (i) { i.value = i.value || a.coupon; });
    }).catch(function () {}).then(done);
  }

  function done() {
    var all = waiting || [];
    waiting = 0;
    all.forEach(function (f) { f(token); });
  }

  // tributary('token', callback): called when the landing has been answered.
  // tributary('consent', true): from now on the token may be stored.
  function api(what, value) {
    if (what == 'token') waiting ? waiting.push(value) : value(token);
    if (what == 'consent' && value === true) api.consent(true);
  }
  api.token = function () { return token; };
  api.consent = function (yes) {
    // Global Privacy Control is a refusal.
    if (yes !== true || mode != 'consent' || agreed || w.navigator.globalPrivacyControl) return;
    agreed = true;
    token ? stored(token) : keep(stored());
    tell();
  };

  var url = new URL(page), value = url.searchParams.get(name);
  if (agreed) token = stored();
  if (value) {
    via = value;
    // The server tells a proven token from a forged one; until then it is kept
    // in memory only.
    if (/^[\w-]{66}$/.test(value)) token = value;
    url.searchParams.delete(name);
    w.history.replaceState(w.history.state, '', url);
  }
  w.tributary = api;
  (old && old.q || []).forEach(function (c) { api.apply(null, c); });
  if (d.readyState == 'loading') d.addEventListener('DOMContentLoaded', fill);
  else fill();
  d.addEventListener('submit', fill, true);
  if (value) tell();
  else done();
})(window, document);
