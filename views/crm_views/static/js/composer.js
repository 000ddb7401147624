// The composer opens where it stands: a key or a link begins the next entry, Esc puts it aside, its draft stays.
// Without this script each link leads to the same page with the composer open (?compose=…).
(function () {
  "use strict";

  const place = document.querySelector("[data-composing]");
  if (!place) return;
  const form = place.querySelector("form.composer");
  const idle = place.querySelector("[data-idle]");
  const body = form.elements.body;
  const channel = form.elements.channel;
  const direction = form.elements.direction;
  const address = form.elements.address;
  const running = form.querySelector("[data-running]");
  const outcomes = Array.from(form.querySelectorAll("[name=outcome]"));
  const fa = document.documentElement.lang === "fa";
  const digits = new Intl.NumberFormat(fa ? "fa-IR" : "en", { minimumIntegerDigits: 2, useGrouping: false });
  const loaded = performance.now();
  const TALKS = ["phone", "in_person"];
  const LONGEST = 7200;
  const SCHEMES = { phone: ["phone"], sms: ["phone"], fax: ["phone"], email: ["email"], messenger: ["telegram", "phone"], chat: ["telegram", "phone"] };
  // The number that this dossier was found by, or the only one there is.
  const found = address ? new URLSearchParams(location.search).get("address") || "" : "";
  let opener = null;
  let begun = !form.hidden || Number(form.dataset.draftSeen) > 0;
  let ownOutcome = false;
  let ownAddress = false;

  // The server's clock, which the page brought along: that of the computer may go wrong.
  function now() {
    return Number(form.dataset.now) + Math.round(performance.now() - loaded);
  }

  function tick() {
    if (form.hidden || !running) return;
    const seconds = Math.max(0, Math.floor((now() - Number(form.elements.opened.value)) / 1000));
    running.placeholder = seconds > LONGEST ? "" : digits.format(Math.floor(seconds / 60)) + ":" + digits.format(seconds % 60);
  }

  function kindOf(value) {
    const option = Array.from(channel.options).find(function (one) { return one.value === value; });
    return option ? option.dataset.of : "phone";
  }

  // What belongs to a channel: numbers or addresses, and what a conversation came to.
  function fit() {
    const schemes = SCHEMES[channel.value] || [];
    if (address) {
      const fitting = Array.from(address.options).filter(function (option) {
        const fits = !option.value || schemes.includes(option.dataset.scheme);
        option.hidden = option.disabled = !fits;
        return fits && option.value;
      });
      if (!fitting.some(function (option) { return option.value === address.value; })) {
        const known = fitting.some(function (option) { return option.value === found; });
        address.value = known ? found : fitting.length === 1 ? fitting[0].value : "";
      } else if (!ownAddress && fitting.length > 1 && !address.value) {
        address.value = "";
      }
      address.closest("label").hidden = fitting.length === 0;
    }
    // Only a conversation comes to something; until somebody says to what, it was answered.
    const talk = TALKS.includes(channel.value);
    if (!talk || !ownOutcome) outcomes.forEach(function (radio) { radio.checked = talk && radio.value === "answered"; });
    Array.from(channel.options).forEach(function (option) { option.hidden = option.disabled = option.dataset.of !== place.dataset.kind; });
  }

  // Each kind has a draft of its own: what was begun as a visit is no call.
  function draftOf(kind) {
    if (form.dataset.draft) form.dataset.draft = form.dataset.draft.split("?")[0] + "?slot=" + kind;
    form.dataset.draftPage = new URL(idle.querySelector("a").href).pathname + "?compose=" + kind;
  }

  function waitsElsewhere(kind) {
    if (kind === place.dataset.kind || kind === "draft") return false;
    return Boolean(place.querySelector("[data-kept='" + kind + "']")) || form.hidden && body.value.trim() !== "";
  }

  function become(kind) {
    place.dataset.kind = kind;
    draftOf(kind);
    if (kindOf(channel.value) !== kind) {
      const first = Array.from(channel.options).find(function (option) { return option.dataset.of === kind; });
      first.disabled = first.hidden = false;
      channel.value = first.value;
    }
    fit();
  }

  function open(kind, from) {
    opener = from;
    if (form.hidden) {
      idle.hidden = true;
      form.hidden = false;
      form.dataset.form = "";
      if (!begun) {
        form.elements.opened.value = String(now());
        begun = true;
      }
    }
    become(kind === "draft" ? kindOf(channel.value) : kind);
    tick();
    body.focus({ preventScroll: true });
    body.setSelectionRange(body.value.length, body.value.length);
    bring();
  }

  function bring() {
    const seen = form.getBoundingClientRect();
    if (seen.top < 60 || seen.bottom > window.innerHeight) form.scrollIntoView({ block: "nearest" });
  }

  function aside() {
    form.dispatchEvent(new CustomEvent("desk:keep-now"));
    form.hidden = true;
    form.removeAttribute("data-form");
    idle.hidden = false;
    const waiting = idle.querySelector("[data-waiting]");
    const text = body.value.trim().split("\n")[0];
    waiting.hidden = !text;
    if (!text) begun = false;
    waiting.querySelector("[data-waiting-words]").textContent = text;
    const back = opener && opener.getClientRects().length ? opener : idle.querySelector(text ? "[data-waiting] a" : "a");
    back.focus();
  }

  document.addEventListener("click", function (event) {
    const link = event.target.closest("a[href*='compose='], [data-aside]");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (link.matches("[data-aside]")) {
      event.preventDefault();
      aside();
      return;
    }
    const to = new URL(link.href, location.href);
    const kind = to.searchParams.get("compose");
    const known = kind === "draft" || Array.from(channel.options).some(function (option) { return option.dataset.of === kind || option.value === kind; });
    if (!known || to.pathname !== new URL(idle.querySelector("a").href).pathname) return;
    const wanted = kind === "draft" || place.querySelector("[data-compose='" + kind + "']") ? kind : kindOf(kind);
    if (waitsElsewhere(wanted)) {
      form.dispatchEvent(new CustomEvent("desk:keep-now"));
      return;  // the page comes again, with that kind's own words or none
    }
    event.preventDefault();
    open(wanted, link);
  });

  document.addEventListener("keydown", function (event) {
    if (event.code !== "Escape" || event.isComposing || event.defaultPrevented || form.hidden) return;
    if (document.querySelector("dialog[open]") || !(form.contains(event.target) || event.target === document.body)) return;
    event.preventDefault();
    aside();
  });

  channel.addEventListener("change", fit);
  outcomes.forEach(function (radio) { radio.addEventListener("change", function () { ownOutcome = true; }); });
  if (address) address.addEventListener("change", function () { ownAddress = true; });
  // Nothing said is no draft, whatever was chosen around it.
  form.addEventListener("desk:keep", function (event) { if (!body.value.trim()) event.preventDefault(); });

  if (form.hasAttribute("data-draft-typed") || Number(form.dataset.draftSeen)) ownOutcome = true;
  if (!form.hidden) {
    become(place.dataset.kind);  // its autofocus puts the eye into the words
    bring();
  }
  setInterval(tick, 1000);
  tick();
})();
