// Drafts: what stands in a form is kept on the server while somebody types, a second after the last word.
// A form says so with `data-draft` (the address it is kept under), `data-draft-seen` (the draft it was opened with) and
// `data-draft-name`; beside its button stands [data-draft-kept] with the words. Nothing is kept in the browser.
(function () {
  "use strict";

  const WAIT = 1000;
  const AGAIN = 5000;
  const SECRET = ["csrf_token", "__draft__"];

  function pairsOf(form) {
    const secret = SECRET.concat(Array.from(form.querySelectorAll("input[type=password]"), function (input) { return input.name; }));
    return Array.from(new FormData(form)).filter(function (pair) {
      return typeof pair[1] === "string" && !secret.includes(pair[0]);
    });
  }

  function Keeping(form) {
    const place = form.querySelector("[data-draft-kept]");
    const words = place.querySelector("[data-draft-words]");
    const said = place.querySelector("[data-draft-said]");
    const force = place.querySelector("[data-draft-force]");
    let seen = Number(form.dataset.draftSeen);
    const blank = seen ? "" : JSON.stringify(pairsOf(form));
    let timer = 0;
    let waiting = false;   // something was typed that is not kept yet
    let sending = false;
    let over = false;      // the form is on its way: what is still under way must not bring the draft back
    let trouble = false;
    let stopped = false;
    let told = false;
    let home = seen ? form.dataset.draft : "";  // where the draft lies that this page has or was opened with
    const abort = new AbortController();

    function show(text, isTrouble) {
      words.textContent = text;
      // The live region speaks once, and again when something changes for worse or better: not every second.
      if (text && (!told || isTrouble !== trouble)) said.textContent = text;
      told = told || Boolean(text);
      trouble = isTrouble;
      place.classList.toggle("trouble", isTrouble);
      form.dispatchEvent(new CustomEvent("desk:kept", { detail: { words: text, trouble: isTrouble } }));
    }

    function later(delay) {
      clearTimeout(timer);
      timer = setTimeout(save, delay);
    }

    // A form whose words became another kind of thing is kept under another address: nothing is left at the first.
    function moved() {
      if (!home || home === form.dataset.draft) return;
      const fields = new FormData(form);
      const gone = JSON.stringify({
        place: home, name: form.dataset.draftName, key: fields.get("submission_key") || "", writer: fields.get("__draft__") || "",
        page: "", title: "", seen: seen, force: false, pairs: [],
      });
      home = "";
      seen = 0;
      post(gone, {}).catch(function () {});
    }

    function body(forced) {
      const pairs = pairsOf(form);
      const fields = new FormData(form);
      const empty = form.dispatchEvent(new CustomEvent("desk:keep", { cancelable: true })) === false;
      return JSON.stringify({
        place: form.dataset.draft, name: form.dataset.draftName, key: fields.get("submission_key") || "",
        writer: fields.get("__draft__") || "", page: form.dataset.draftPage || location.pathname + location.search,
        title: form.dataset.draftTitle || "", seen: seen, force: Boolean(forced),
        pairs: empty || JSON.stringify(pairs) === blank ? [] : pairs,
      });
    }

    function send(forced, leaving) {
      moved();
      const text = body(forced);
      return post(text, { keepalive: leaving && text.length < 60000, signal: leaving ? undefined : abort.signal });
    }

    function post(text, more) {
      return fetch("/drafts", Object.assign({
        method: "POST", credentials: "same-origin", redirect: "manual", body: text,
        headers: { "Content-Type": "application/json", "X-CSRF-Token": form.elements.csrf_token.value },
      }, more));
    }

    function save(forced) {
      clearTimeout(timer);
      if (over || stopped && !forced) return;
      if (sending) {
        waiting = true;
        return;
      }
      sending = true;
      waiting = false;
      const from = form.dataset.draft;
      send(forced === true, false).then(function (answer) {
        if (answer.type === "opaqueredirect") {
          stopped = true;
          show(place.dataset.ended, true);
          return null;
        }
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.json();
      }).then(function (kept) {
        if (!kept) return;
        if (kept.state === "kept") {
          seen = kept.at;
          home = from;
        }
        stopped = kept.state === "taken";
        force.hidden = kept.state !== "other";
        show(kept.words, kept.state !== "kept" && kept.state !== "dropped");
      }).catch(function () {
        if (over) return;
        waiting = true;
        show(place.dataset.failed, true);
      }).finally(function () {
        sending = false;
        if (waiting && !over) later(trouble ? AGAIN : WAIT);
      });
    }

    form.addEventListener("input", typed);
    form.addEventListener("change", typed);
    function typed(event) {
      if (event.target.type === "password") return;
      waiting = true;
      later(WAIT);
    }

    force.addEventListener("click", function () {
      save(true);
      const back = form.querySelector("textarea, input:not([type=hidden])");
      if (back) back.focus();
    });
    // Rows that were taken away, or added, say nothing themselves.
    form.addEventListener("click", function (event) {
      if (event.target.closest("[data-add], [data-remove]")) later(WAIT);
    });
    form.addEventListener("desk:keep-now", function () { if (waiting) save(); });

    window.addEventListener("pagehide", function () {
      if (waiting && !over && !stopped) send(false, true).catch(function () {});
    });
    window.addEventListener("pageshow", function (event) { if (event.persisted) over = false; });

    function leave() {
      over = true;
      clearTimeout(timer);
      abort.abort();
    }
    this.leave = leave;
    if (form.hasAttribute("data-draft-typed")) {
      waiting = true;
      later(WAIT);
    }
  }

  const all = new Map();
  function start(place) {
    place.querySelectorAll("form[data-draft]").forEach(function (form) {
      if (form.querySelector("[data-draft-kept]") && !all.has(form)) all.set(form, new Keeping(form));
    });
  }
  start(document);
  // Forms that another script brings into the page later.
  document.addEventListener("desk:added", function (event) { start(event.target); });

  // A form that is sent is not a draft any more; one whose draft is thrown away neither.
  document.addEventListener("submit", function (event) {
    if (event.defaultPrevented) return;
    const form = event.target;
    const own = all.get(form) || all.get(document.getElementById(form.id.replace(/-discard$/, "-form"))) ||
      all.get(document.getElementById(form.id.replace(/-discard$/, "")));
    if (own) own.leave();
  });
})();
